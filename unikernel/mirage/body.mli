(** A response's body, piece by piece: memory does not grow with its size. *)

type archive = offset:int -> length:int -> Cstruct.t Lwt.t
(** Reads the site archive. *)

val next :
  archive ->
  size:int ->
  Mirage_pages.Response.part list ->
  (Cstruct.t * Mirage_pages.Response.part list) option Lwt.t
(** The first piece, of at most [size] bytes, and what remains after it. *)
