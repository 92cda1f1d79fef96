(** Lists of entity tags in conditional requests (RFC 9110, 13.1). The tag asked about is strong. *)

val matches_weakly : string -> etag:string -> bool
(** Whether an If-None-Match value names this tag, or any ([*]). *)

val matches_strongly : string -> etag:string -> bool
(** Whether an If-Match value names this tag as a strong one, or any. *)
