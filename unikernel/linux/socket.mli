(** Sockets, where Lwt_unix does more than they need. *)

val close : Lwt_unix.file_descr -> unit
(** Closes a connection, once; what still waits for it fails. [Lwt_unix.close] hands each to a thread, for a file may
    be slow to close (a socket is not): a tenth of all that a new connection costs. *)
