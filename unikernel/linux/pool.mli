(** Buffers outside the OCaml heap for responses under way, used again and again. *)

val small : int
(** Bytes of a small buffer. *)

val large : int
(** Bytes of a large one. *)

val with_buffer : want:int -> (Lwt_bytes.t -> 'a Lwt.t) -> 'a Lwt.t
(** Lends a buffer: a large one when [want] bytes do not fit a small one and fewer than 128 large ones
    are out, else a small one. So 128 fast transfers have large buffers, and a thousand slow ones stay
    within 24 MiB. *)
