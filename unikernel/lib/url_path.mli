(** From the path of a request's target to a path of the index. *)

type t =
  | Path of string  (** decoded, begins with [/], without dot segments *)
  | Invalid  (** a broken percent-encoding, a NUL, or dot segments that lead out of the site *)

val decode : string -> t
(** Percent-decodes once, then removes dot segments as RFC 3986, 5.2.4 does. *)
