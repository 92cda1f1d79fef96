(** The index of a site archive: path → what to answer.

    It is kept as the one string that it came in, with an array of where its lines start, and searched
    by bisection: some MB for 50,000 entries, and nothing is allocated for a path that is not there. *)

type t

type entry = {
  status : int;
  size : int;  (** of the body, in bytes *)
  offset : int;  (** of the body's first byte, from the archive's start *)
  etag : string option;  (** with its quotes *)
  content_type : string option;
  headers : (string * string) list;  (** further headers, in the index's order *)
}

val parse : string -> base:int -> archive_size:int -> (t, string) result
(** [parse text ~base ~archive_size] checks every line. [base] is where the member after the index
    begins, and must be what the index itself says. *)

val length : t -> int
(** Number of entries, those of unknown kinds not counted. *)

val exact : t -> string -> entry option
(** The entry of exactly this decoded path. *)

val fallback : t -> string -> entry option
(** The [!] entry of the nearest directory at or above this decoded path. *)
