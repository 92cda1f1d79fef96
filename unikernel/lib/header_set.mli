(** Response headers that many responses share, rendered once. *)

type t = {
  list : (string * string) list;
  block : string;  (** the same as lines of HTTP/1.1, each ended by CRLF *)
}

val empty : t
val of_list : (string * string) list -> t
