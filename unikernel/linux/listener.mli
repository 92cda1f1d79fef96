(** Accepting connections, a bounded number of them at once. *)

val bind : Unix.inet_addr -> int -> (Lwt_unix.file_descr, string) result Lwt.t
(** A listening socket on that address and port, or why there is none. *)

type limits = {
  connections : int;  (** open at once, all listeners together *)
  per_address : int;  (** of them from one client address *)
}

val accept : Lwt_unix.file_descr -> limits -> serve:(Lwt_unix.file_descr -> peer:string -> unit Lwt.t) -> 'a Lwt.t
(** Accepts for ever. A client address that has its share already is refused at once. With all
    connections taken, one that is doing nothing makes room ({!Deadline.make_room}); where none does,
    further ones wait in the kernel's queue. *)
