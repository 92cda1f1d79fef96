(** Accepting connections, a bounded number of them at once. *)

val bind : Unix.inet_addr -> int -> (Lwt_unix.file_descr, string) result Lwt.t
(** A listening socket on that address and port, or why there is none. *)

val accept :
  Lwt_unix.file_descr -> max_connections:int -> serve:(Lwt_unix.file_descr -> unit Lwt.t) -> 'a Lwt.t
(** Accepts for ever. With [max_connections] open (all listeners together) further ones wait in the
    kernel's queue. *)
