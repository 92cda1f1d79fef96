(** What a client would rather have (RFC 9110, 12.5). *)

type codings
(** A parsed Accept-Encoding. *)

val codings : string option -> codings
(** [None]: the header was not sent. The last few different values are remembered. *)

val choose : codings -> identity:Index.representation -> encoded:Index.representation list -> Index.representation
(** The representation that the client likes best; of several the smallest; the identity if it likes
    none of them. *)

val language : string option -> string option
(** The language tag that an Accept-Language prefers, in lower case. *)
