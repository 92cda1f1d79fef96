(** The open connections (see {!Mirage_pages.Connections}) and their clock. *)

type t
type stage = Mirage_pages.Connections.stage = Asking | Idle | Answered

val register : Lwt_unix.file_descr -> peer:string -> seconds:float -> t
val set : t -> stage -> seconds:float -> unit
val remove : t -> unit
val count : unit -> int
val count_of : string -> int

val make_room : unit -> bool
(** Ends the connection that {!Mirage_pages.Connections.make_room} names. [false]: there is none to end. *)

val abort_waiting : unit -> unit
(** Ends every connection that is not taking a response. *)

val run : unit -> 'a Lwt.t
(** The clock. *)
