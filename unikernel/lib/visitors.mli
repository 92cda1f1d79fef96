(** Who asked for what: an access log in memory, bounded in bytes, and counters, for whoever knows the secret in
    the machine's identity. A machine without one keeps nothing, and does nothing for it per request. *)

type t

type client = { address : string; http_2 : bool }

val path : string
(** Where the log is asked for, with [Authorization: Bearer <secret>]. *)

val create : Identity.t -> now:(unit -> float) -> t
(** [now]: seconds since 1970. *)

val connected : t -> unit
(** A client's connection was accepted. *)

val handshake_failed : t -> unit

val respond : t -> Site.t -> client -> Request.t -> Response.t
(** The answer on the HTTPS port: {!Respond.respond}'s, but for who asks for the log with the right secret. Such
    requests are neither logged nor counted. *)

val redirect : t -> Site.t -> client -> Request.t -> Response.t
(** The answer on the HTTP port: {!Respond.redirect}'s. *)

val refused : t -> client -> Request.error -> Response.t
(** The answer to what could not be understood. *)
