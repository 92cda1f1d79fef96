(** What the unikernel's memory is shared out among: the heap, frames that came in, records that go out. The
    last two live outside of the heap, where the collector sees them late or not at all. *)

val share_out : bytes:int -> unit
(** Tells how much there is; called once, before anything is served. *)

val connections : unit -> int
(** Connections at rest that the rest of the heap holds. *)

val take_in : source:int -> Cstruct.t -> bool
(** Counts a frame from this address until the collector has freed it. [false]: too many wait already, of
    this address or of all, and it is to be dropped. *)

val record : unit -> int
(** The most bytes that are to leave at once, as one record of TLS. *)

val write : (Cstruct.t -> 'a Lwt.t) -> Cstruct.t -> 'a Lwt.t
(** Holds a record and writes it, once those before it, which clients have not acknowledged yet, leave it
    room. *)

val collect : unit -> unit
(** Asks for a full collection at the next tick, if the last was not just before. *)

val tick : unit -> unit
(** Half a second has passed: sets the collector's pace by the room there is, and wakes whoever waits. *)
