(** TLS 1.2 and 1.3 for the server side of HTTP/1.1, by OpenSSL. *)

val context : chain:string -> key:string -> (Ssl.context, string) result
(** A server context from PEM text. *)

val validity : Ssl.context -> int * int
(** The first and the last second, since 1970, of its certificate. *)

val accept :
  Lwt_unix.file_descr -> Ssl.context -> failed:(unit -> unit) -> (Lwt_ssl.socket -> unit Lwt.t) -> unit Lwt.t
(** Shakes hands ([failed] is told when that ends otherwise), runs the function, then frees the connection's
    TLS memory at once. The file descriptor stays open. *)

val close_notify : Lwt_ssl.socket -> unit
(** Tells the client that no more will come, if that needs no waiting. *)
