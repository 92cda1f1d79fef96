(** Request → response: everything that the server decides. *)

val respond : Site.t -> Request.t -> Response.t
(** The answer on the HTTPS port. *)

val redirect : Request.t -> Response.t
(** The answer on the HTTP port: the same URL with [https] (308; 301 for GET and HEAD). *)

val if_none_match : string -> etag:string -> bool
(** Whether an If-None-Match value names this strong entity tag, compared weakly (RFC 9110, 13.1.2). *)
