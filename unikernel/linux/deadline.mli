(** Limits on how long a connection may take, kept for all connections by one clock.

    A connection has one deadline, which only the connection's own progress moves; the clock ticks twice
    a second and aborts what is past it. No timer is made per request. *)

type t

val register : Lwt_unix.file_descr -> seconds:float -> t
val set : t -> seconds:float -> unit

val set_idle : t -> seconds:float -> unit
(** As [set], and marks the connection as one between requests. *)

val remove : t -> unit
val count : unit -> int

val abort_idle : unit -> unit
(** Ends every connection that is between requests. *)

val run : unit -> 'a Lwt.t
(** The clock. *)
