(** Making archives by hand, good and bad ones. *)

val header : ?typeflag:char -> ?checksum:int -> name:string -> size:string -> unit -> string
(** A ustar header; [size] is the field's text. *)

val member : string -> string -> string
(** [member name body]: header, body and padding. *)

val pax : (string * string) list -> string
(** A pax extended header. *)

val closing : string
(** The two zero blocks. *)

type entry

val modified : int
(** When every page changed last. *)

val page :
  ?status:int ->
  ?headers:string list ->
  ?content_type:string ->
  ?encoded:(string * string * string) list ->
  string ->
  string ->
  entry
(** [page path etag], the tag without quotes: its body is ["body of <path>"]; [encoded] forms are coding,
    tag and body. *)

val moved : ?status:int -> string -> string -> entry
(** [moved path location]. *)

val fields : string -> int -> string -> entry
(** [fields path status rest]: a line that ends in these fields. *)

val body_of : string -> string

val site :
  ?policies:string list ->
  ?sets:string list ->
  ?rules:string list ->
  ?header_rules:string list ->
  ?fallbacks:entry list ->
  entry list ->
  string
(** An archive whose index has these entries and lines; [sets] are the first sets of headers. *)

val with_index : (int -> string) -> string -> string
(** An archive whose index has this text, made from its base, with these members after it. *)

val preamble : int -> string
(** The first two lines of an index with this base. *)

val identity : ?lines:string list -> string -> string
(** The identity of a site archive, with these lines beside those that must be. *)
