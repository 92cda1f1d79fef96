(** The open connections, how long each may take, and which may go when there are too many.

    A connection has one deadline, which only its own progress moves; the clock ticks twice a second and
    aborts what is past it. No timer is made per request. *)

type t

(** What a connection is doing. *)
type stage =
  | Asking  (** shaking hands, or sending a request's head *)
  | Idle  (** between two requests *)
  | Answered  (** taking a response *)

val register : Lwt_unix.file_descr -> peer:string -> seconds:float -> t
(** A new connection of this client address, which is [Asking]. *)

val set : t -> stage -> seconds:float -> unit
(** Each call begins the stage anew. *)

val remove : t -> unit
val count : unit -> int

val count_of : string -> int
(** Open connections of a client address. *)

val make_room : unit -> bool
(** Ends the connection that has been [Idle] longest, of those of the address with the most connections;
    if none is, one that has been [Asking] for more than a second. [false]: there is none to end. *)

val abort_waiting : unit -> unit
(** Ends every connection that is not taking a response. *)

val run : unit -> 'a Lwt.t
(** The clock. *)
