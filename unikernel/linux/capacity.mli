(** How much the machine can take. *)

val connections : unit -> int
(** Connections that can be open at once: as many as half of the free memory holds, and as files may be
    open (whose limit is raised as far as it goes), 6,000 at most. *)
