(** The date format of HTTP (RFC 9110, 5.6.7). *)

val format : int -> string
(** [format seconds] is e.g. ["Sun, 06 Nov 1994 08:49:37 GMT"] for seconds since 1970 (not negative). *)

val parse : string -> int option
(** Seconds since 1970 of a date in that format or one of the two obsolete ones; [None] for anything
    else. *)
