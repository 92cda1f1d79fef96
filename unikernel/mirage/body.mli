(** A response's body, piece by piece: memory does not grow with its size. *)

type archive = before:int -> offset:int -> length:int -> Cstruct.t Lwt.t
(** Reads the site archive, behind this many bytes that are free. *)

val next :
  archive ->
  before:int ->
  size:int ->
  Mirage_pages.Response.part list ->
  (Cstruct.t * Mirage_pages.Response.part list) option Lwt.t
(** The first piece, of at most [size] bytes behind [before] free ones, and what remains after it. *)
