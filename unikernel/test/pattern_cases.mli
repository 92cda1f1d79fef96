(** What patterns match (docs/archive.md, "Patterns"). *)

val all : (string * string * string) list
(** Pattern, path and the captured names and values in order; ["no"] without a match, ["broken"] for what is
    no pattern. *)
