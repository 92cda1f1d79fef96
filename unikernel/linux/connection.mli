(** One connection, from its first byte to its last. *)

type limits = {
  handshake : float;  (** seconds for the TLS handshake *)
  head : float;  (** seconds from a request's first byte to its head's last *)
  idle : float;  (** seconds between two requests *)
  write : float;  (** seconds for each buffer (64 KiB) of a response to be taken *)
  requests : int;  (** on one connection *)
}

val limits : limits

type t = {
  respond : Mirage_pages.Visitors.client -> Mirage_pages.Request.t -> Mirage_pages.Response.t;
  visitors : Mirage_pages.Visitors.t;
  archive : Device.t;  (** where bodies are *)
  tls : Ssl.context option;  (** [None]: plain HTTP *)
  crowded : unit -> bool;  (** few connections are left: idle ones get one second *)
  draining : unit -> bool;  (** the server is about to stop: every response ends its connection *)
}

val serve : t -> Lwt_unix.file_descr -> peer:string -> unit Lwt.t
(** Serves this client address until the connection ends, and closes it. Never fails. *)
