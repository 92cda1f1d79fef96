(** Where pages answer (docs/http.md, "Pages"). *)

type t = Enabled | Disabled

val of_policy : string option -> t option
(** [None] for a mode that there is not. *)

val other_names : t -> string -> string list
(** Where a page may answer that was asked for by another of its names: paths to try in this order, each
    of which counts only if a page answers there. For paths at which nothing answers itself. *)
