(** TCP connections that are half open: their SYN has come, the client's acknowledgement has not.

    The TCP/IP stack keeps each for about 83 seconds (five repetitions of its SYN-ACK) and sets them no limit:
    a flood of SYNs from false addresses would take all memory. Here some are kept, the oldest give way to
    newer ones, and what the stack is to forget it is told. A frame is ['a]. *)

type 'a t
type key

val create : unit -> 'a t

val limit : 'a t -> most:int -> unit
(** How many there may be; as many SYNs are admitted in half a second. Nothing may have come before. *)

val syn : byte:(int -> int) -> length:int -> key option
(** The connection that an Ethernet frame of this length asks for, over IPv4. [byte] gives its bytes. *)

val key : address:int32 -> port:int -> local_port:int -> key
(** The connection from there to a port of ours. *)

val came : 'a t -> key -> 'a -> 'a list option
(** A frame that asks for this connection has come. [None]: drop it. Else the stack is first to forget what
    these frames asked for (see {!reset}), and then to have this one. *)

val reset : byte:(int -> int) -> int * int
(** The place and the value of the byte that makes such a frame a client's reset of its connection. *)

val opened : 'a t -> key -> unit

val tick : 'a t -> unit
(** Half a second has passed. *)
