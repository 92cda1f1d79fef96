(** The Range header (RFC 9110, 14). *)

type t =
  | Whole  (** nothing is asked for that must be honoured: the whole body *)
  | Ranges of (int * int) list  (** first byte and length of each, in the order asked for *)
  | Unsatisfiable

val max_ranges : int
(** A request for more of them gets the whole body. *)

val parse : string -> size:int -> t
(** What a Range value selects of a body of [size] bytes. Other units and what cannot be read are passed
    over, as are ranges that together are more than the body. *)
