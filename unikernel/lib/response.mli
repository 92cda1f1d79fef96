(** A response, not yet bytes: a status, headers, and where its body is to be found. *)

type body =
  | Empty
  | Text of string
  | Range of { offset : int; length : int }  (** bytes of the site archive, to be streamed *)

type t = {
  status : int;
  headers : (string * string) list;  (** without those that {!head} writes *)
  length : int;  (** Content-Length, also where HEAD leaves the body away *)
  body : body;
  close : bool;  (** the connection ends after this response *)
}

val text : ?headers:(string * string) list -> ?close:bool -> int -> string -> t
(** A plain-text response of the server's own. *)

val of_error : Request.error -> t
(** The answer to what could not be understood; it ends the connection. *)

val without_body : t -> t
(** The same for HEAD. *)

val head : t -> date:string -> http_1_0:bool -> string
(** The response's head in bytes: status line, Date, headers, Content-Length, Connection. *)
