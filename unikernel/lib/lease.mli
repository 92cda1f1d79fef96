(** What DHCP tells this machine. The client in the unikernel asks for its lease again and again, but does
    not look whether the answer still grants the address that it has. *)

val granted : mac:string -> byte:(int -> int) -> length:int -> int32 option
(** The IPv4 address that an Ethernet frame of this length grants to the card with this hardware address
    (six bytes), if it is a DHCPACK (RFC 2131). [byte] gives its bytes. *)

type t

val create : mac:string -> t
(** No address has been granted yet. *)

val is_other : t -> byte:(int -> int) -> length:int -> bool
(** Whether this frame grants another address than the first one that granted any. Every frame that comes in
    is to be shown. *)
