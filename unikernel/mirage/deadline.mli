(** The open connections (see {!Mirage_pages.Connections}), their clock, and what they weigh together. *)

exception Passed

type t
type stage = Mirage_pages.Connections.stage = Asking | Idle | Answered

val register : peer:string -> seconds:float -> t
val set : t -> stage -> seconds:float -> unit
val remove : t -> _ -> unit
(** The connection is closed; the TCP/IP stack's own of it, given here, weighs something until it is gone:
    the stack waits up to 83 seconds for the client to acknowledge the end. *)

val count : unit -> int
val count_of : string -> int

val guard : t -> (unit -> unit Lwt.t) -> unit Lwt.t
(** Runs the function until it ends or the deadline passes: then it fails with {!Passed}. What the
    function waited for is left behind; nothing wakes it but the end of its connection. *)

val limit : most:int -> unit
(** What all connections may weigh together. *)

val make_room : int -> unit
(** Ends connections as {!Mirage_pages.Connections.make_room} names them, for as much weight as is wanted. *)

val has_room : unit -> bool
(** Those that were told to end are given a little time: what they weigh may be above the limit. *)

val holding : t -> int -> (unit -> 'a Lwt.t) -> 'a Lwt.t
(** Runs a function that holds memory of this weight beside the connection itself. Fails with {!Passed}
    when there is no room for them. *)

val ticks : unit -> int
(** Half seconds since the start. *)

val run : (unit -> unit) -> 'a Lwt.t
(** The clock, with what else is to be done at each tick. *)
