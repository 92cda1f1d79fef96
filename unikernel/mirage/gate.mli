(** A network device that lets in no more than there is memory for. *)

val half_open : Cstruct.t Mirage_pages.Half_open.t
(** The TCP connections that clients have begun to open. *)

val on_other_address : (unit -> unit) ref
(** Called when DHCP grants another address than it did first. *)

module Make (N : Mirage_net.S) : sig
  include Mirage_net.S with type t = N.t

  val connect : N.t -> t Lwt.t
end
