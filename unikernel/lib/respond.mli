(** Request → response: everything that the server decides. *)

val respond : Site.t -> Request.t -> Response.t
(** The answer on the HTTPS port. *)

val redirect : Site.t -> Request.t -> Response.t
(** The answer on the HTTP port: an ACME challenge goes to the URL in the identity, whatever the host;
    everything else to the same URL with [https] and the canonical host (308; 301 for GET and HEAD). *)
