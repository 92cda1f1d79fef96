(** Reading a POSIX tar (ustar and pax), without doing any I/O.

    The walk asks for the bytes it needs and is handed them; every offset and size is checked against
    the size of the archive before anything is asked for. Only regular files are accepted: nothing
    else is in our archives. *)

type member = {
  name : string;
  offset : int;  (** of the member's first byte, from the archive's start *)
  size : int;  (** in bytes, without padding *)
}

type step =
  | Read of { offset : int; length : int; continue : string -> step }
      (** Hand exactly these [length] bytes to [continue]. *)
  | Member of member * (unit -> step)
  | End of int  (** Offset of the first byte after the two closing zero blocks. *)
  | Malformed of string

val walk : size:int -> step
(** Walks an archive that ends at or before [size] bytes. *)

val padded : int -> int
(** A size rounded up to whole 512-byte blocks. *)

val members_of_string : string -> (member list, string) result
(** All the members of an archive that is held in memory. *)
