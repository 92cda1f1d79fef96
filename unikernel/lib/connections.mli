(** The open connections of a server: how long each may take, what it weighs, and which goes when there are
    too many. Both backends keep one such table; what a connection is to them is ['a].

    A connection has one deadline, which only its own progress moves; the backend's clock ticks twice a
    second and ends what is past it. No timer is made per request. *)

type 'a t
type 'a connection

(** What a connection is doing. *)
type stage =
  | Asking  (** shaking hands, or sending a request's head *)
  | Idle  (** between two requests *)
  | Answered  (** taking a response *)

val tick_seconds : float
val create : unit -> 'a t

val register : 'a t -> 'a -> peer:string -> seconds:float -> 'a connection
(** A new connection of this client address, which is [Asking] and weighs 1. *)

val set : 'a t -> 'a connection -> stage -> seconds:float -> unit
(** Each call begins the stage anew. *)

val weigh : 'a t -> 'a connection -> int -> unit
(** What the connection holds of memory, as a multiple of what one at rest does. *)

val remove : 'a t -> 'a connection -> unit
(** Once. *)

val count : 'a t -> int

val count_of : 'a t -> string -> int
(** Open connections of a client address. *)

val weight : 'a t -> int
(** Of all together. *)

val tick : 'a t -> 'a list
(** Half a second has passed; those whose deadline has, each told once. *)

val make_room : 'a t -> 'a option
(** The connection to end that has been [Idle] longest, of those of the address with the most connections;
    if none is, one that has been [Asking] for more than a second; if none is, one that has not taken a piece
    of its response for ten seconds. It is not named again. *)

val waiting : 'a t -> 'a list
(** Every connection that is not taking a response. *)
