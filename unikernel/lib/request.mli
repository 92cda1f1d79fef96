(** An incremental parser of HTTP/1.1 request heads (RFC 9112), strict where leniency has been the
    door for attacks: every line ends in CRLF, no folded lines, no space before a colon, one Host. *)

type meth = Get | Head | Other of string

type t = {
  meth : meth;
  path : string;  (** as sent: percent-encoded, begins with [/] (or is [*] or an authority for [Other]) *)
  query : string option;  (** what stands after the first [?] *)
  host : string option;  (** host and maybe port, checked to be no more than that *)
  keep_alive : bool;  (** the client allows a further request on this connection *)
  http_1_0 : bool;
  has_body : bool;  (** a body follows, which is not read: the connection ends with the answer *)
  headers : (string * string) list;  (** names in lower case *)
}

type error = {
  status : int;
  reason : string;  (** for people, one line *)
}

(** The bytes of one connection that wait to be parsed. *)
type buffer

type progress =
  | Request of t  (** its bytes are taken out of the buffer; more requests may be in it *)
  | Incomplete
  | Refused of error  (** nothing more can be understood on this connection *)

val max_line : int
(** Bytes of the longest request line. *)

val max_headers : int
(** Bytes of all header lines together. *)

val max_header_count : int
val create : unit -> buffer

val feed : buffer -> bytes -> int -> int -> unit
(** [feed buffer bytes offset length] adds received bytes. *)

val is_empty : buffer -> bool
(** No byte of a further request has come. *)

val size : buffer -> int
(** Bytes that wait in it. *)

val next : buffer -> progress

val of_http2 :
  meth:string ->
  path:string ->
  authority:string option ->
  headers:(string * string) list ->
  (t, error) result
(** A request of HTTP/2 (RFC 9113, 8.3) out of its pseudo-header fields and its header fields (names in
    lower case, as that protocol demands), with the limits that hold for HTTP/1.1. A body has a frame
    of its own there and does not concern the connection: [has_body] is false. *)

val header : t -> string -> string option
(** The value of a header (name in lower case); several of one name are joined by commas. *)

val split_host : string -> (string * string option) option
(** [split_host "example.org:443"] is [Some ("example.org", Some "443")]; [None] for what is no
    [uri-host [":" port]]. Names are given in lower case. *)
