(** Frames that have come in and wait: bytes out of order, or one by one, stay in the TCP/IP stack as the frames
    that brought them, and it sets them no limit. Here they are counted until the collector has freed them. *)

type t

val create : unit -> t
(** Without a limit. *)

val limit : t -> bytes:int -> unit
(** What may wait of all senders together; a quarter of it of one. *)

val most : t -> int
(** That limit, in bytes. *)

val take : t -> source:int -> bytes:int -> (unit -> unit) option
(** A frame of so many bytes has come from this sender. [None]: drop it. Else the function is to be called once
    the frame has been freed. *)

val tick : t -> bool
(** To be called now and then: forgets senders of whom nothing waits, and tells whether frames have been dropped
    since the last time. The collector is to run then: what it could free may count still. *)
