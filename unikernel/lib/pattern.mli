(** Path patterns of the site's rules, as the index keeps them (docs/archive.md, "Patterns"). *)

type t

val parse : string -> t option
(** [None] where the percent-encoding is broken. *)

val matches : t -> string -> (string * string) list option
(** What a decoded path gives to the pattern's names. Takes at most as many steps as pattern and path
    have characters, multiplied. *)

val is_word : char -> bool
(** Characters of a name. *)
