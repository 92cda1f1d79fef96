(** Which part of an entry's body a request is answered with (RFC 9110, 13 and 14). *)

type t =
  | Failed  (** 412 *)
  | Unchanged  (** 304 *)
  | Whole
  | Ranges of (int * int) list  (** first byte and length of each: 206 *)
  | Unsatisfiable  (** 416 *)

val decide : Request.t -> representation:Index.representation -> modified:int -> t
(** In the order of RFC 9110, 13.2.2. Ranges are for GET alone. *)
