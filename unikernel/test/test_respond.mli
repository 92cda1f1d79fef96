val suites : unit Alcotest.test list

val archive : string
(** The site archive that is asked. *)

val site : ?archive:string -> string list -> Mirage_pages.Site.t
(** It, with these further lines in its identity. *)

val head : ?line:string -> string list -> string
(** The head of a request with these header lines. *)

val accepted : string -> Mirage_pages.Request.t
(** What is parsed of it; fails the test when it is refused. *)

val body : ?archive:string -> Mirage_pages.Response.t -> string
val check_header : string -> string option -> Mirage_pages.Response.t -> string -> unit
