(** Request → response: everything that the server decides. *)

val respond : Site.t -> Request.t -> Response.t
(** The answer on the HTTPS port. *)

val redirect : Site.t -> Request.t -> Response.t
(** The answer on the HTTP port: the same URL with [https] (308; 301 for GET and HEAD). ACME challenges
    (RFC 8555, 8.3) go to the identity's [challenge] instead (302), whatever the host: a certificate is
    asked for before this machine knows its new names. *)

val if_none_match : string -> etag:string -> bool
(** Whether an If-None-Match value names this strong entity tag, compared weakly (RFC 9110, 13.1.2). *)
