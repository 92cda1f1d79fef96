(** Deterministic mutation of input, for fuzzing. *)

val each : int -> (Random.State.t -> unit) -> unit -> unit
(** [each rounds check ()] runs [check] so often, each round with random numbers of its own, which a failure
    names. The environment's [FUZZ_ROUNDS] is a factor on the rounds, [FUZZ_SEED] the first round's seed. *)

val below : Random.State.t -> int -> int
(** A number from 0 to below this one; 0 for 0. *)

val pick : Random.State.t -> 'a list -> 'a

val bytes : Random.State.t -> int -> string
(** At most so many, of all values. *)

val text : Random.State.t -> words:string list -> string -> string
(** Changes some bytes, numbers or pieces: flipped, inserted (often one of the words), removed, repeated,
    moved, cut off. *)
