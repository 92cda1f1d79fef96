(** From the path of a request's target to a path of the index. *)

type t =
  | Path of string  (** decoded, begins with [/], without dot segments and empty segments *)
  | Moved of string
      (** the same of a target that had some: what answers there has this path, not the one asked for *)
  | Invalid  (** a broken percent-encoding, a NUL, or dot segments that lead out of the site *)

val decode : string -> t
(** Percent-decodes once, removes dot segments as RFC 3986, 5.2.4 does, and makes one slash of several. *)

val percent_decode : string -> string option
(** [None] where a [%] is not followed by two hexadecimal digits. *)

val encode : string -> string
(** Percent-encodes all but slashes and what ECMAScript's encodeURIComponent leaves. *)
