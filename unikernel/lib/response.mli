(** A response, not yet bytes: a status, headers, and where its body is to be found. *)

type part =
  | Text of string
  | Range of { offset : int; length : int }  (** bytes of the site archive, to be streamed *)

type t = {
  status : int;
  headers : (string * string) list;  (** of this response alone, without those that {!head} writes *)
  shared : Header_set.t list;  (** further headers, which many responses have *)
  length : int;  (** Content-Length, also where HEAD leaves the body away *)
  body : part list;
  close : bool;  (** the connection ends after this response *)
}

val text : ?headers:(string * string) list -> ?close:bool -> int -> string -> t
(** A plain-text response of the server's own. *)

val of_error : Request.error -> t
(** The answer to what could not be understood; it ends the connection. *)

val without_body : t -> t
(** The same for HEAD. *)

val has_length : t -> bool
(** Whether Content-Length is sent: not with 204 and 304, which have no body. *)

val header : t -> string -> string option
(** The value of a header by its name in lower case. *)

val headers : t -> (string * string) list
(** All headers but Date, Content-Length and those of the connection: for HTTP/2. *)

val head : t -> date:string -> http_1_0:bool -> string
(** The response's head in bytes for HTTP/1.1: status line, Date, headers, Content-Length, Connection. *)
