(** Limits on how long a connection may take, kept for all connections by one clock.

    A connection has one deadline, which only the connection's own progress moves; the clock ticks twice
    a second and ends what is past it. No timer is made per request. *)

exception Passed

type t

val register : seconds:float -> t
val set : t -> seconds:float -> unit

val set_idle : t -> seconds:float -> unit
(** As [set], and marks the connection as one between requests. *)

val guard : t -> (unit -> 'a Lwt.t) -> 'a Lwt.t
(** Runs the function until it ends or the deadline passes: then it fails with {!Passed}. What the
    function waited for is left behind; nothing wakes it but the end of its connection. *)

val remove : t -> unit
val count : unit -> int

val run : unit -> 'a Lwt.t
(** The clock. *)
