(** A block device, read on demand. *)

module Make (B : Mirage_block.S) : sig
  type t

  val connect : B.t -> t Lwt.t

  val size : t -> int
  (** In bytes. *)

  val read : t -> before:int -> offset:int -> length:int -> Cstruct.t Lwt.t
  (** A fresh buffer with these bytes of the device behind [before] free ones. Fails with [Failure] where the device does. *)
end
