(** Lines in a buffer of a fixed size, numbered from 1 on; where there is no room the oldest ones go. *)

type t

val create : bytes:int -> t

val add : t -> string -> unit
(** Adds a line, which ends in a line feed and holds no other. One that is longer than the buffer takes a
    number, and is gone at once. *)

val newest : t -> int
(** The number of the last line that was added; 0 before the first. *)

val forget : t -> upto:int -> unit
(** Lets go the lines up to this number. *)

val oldest_first : t -> most:int -> int * int * string
(** The number of the oldest line that is there, that of the last one which is given, and all of these lines:
    as many whole ones as [most] bytes hold. The last is one less than the first where none is given. *)
