(** The index of a site archive: what to answer (docs/archive.md).

    It is kept as the one string that it came in, with an array of where its lines start, and searched
    by bisection: some MB for 50,000 entries, and nothing is allocated for a path that is not there. *)

type t

type coding = Identity | Zstd | Brotli | Gzip

type representation = {
  coding : coding;
  size : int;  (** in bytes *)
  offset : int;  (** of the first byte, from the archive's start *)
  etag : string;  (** strong, with its quotes *)
}

type answer =
  | Body of {
      content_type : string;
      modified : int;  (** seconds since 1970 *)
      identity : representation;
      encoded : representation list;
    }
  | Redirect of string  (** percent-encoded; a query of its own takes the place of the request's *)

type entry = {
  status : int;
  headers : Header_set.t;
  answer : answer;
}

type condition =
  | Query of { name : string; value : query_value }
  | Language of string list  (** lower case *)
  | Cookie of string list

and query_value = Exactly of string | Captured of string

type rule = {
  forced : bool;  (** applies although something stands at the path *)
  host : string option;  (** lower case *)
  pattern : Pattern.t;
  status : int;
  target : string;  (** [{name}] stands for what was captured *)
  headers : Header_set.t;
  conditions : condition list;  (** all must hold *)
}

type scope = All | Miss  (** [Miss]: only where no entry answers at exactly the path *)

type change = Put of string * string | Remove of string  (** lower case *)

type header_rule = {
  scope : scope;
  host : string option;
  pattern : Pattern.t;
  changes : change list;
}

val parse : string -> base:int -> archive_size:int -> (t, string) result
(** [parse text ~base ~archive_size] checks every line. [base] is where the member after the index
    begins, and must be what the index itself says. *)

val length : t -> int
(** Number of entries and fallbacks. *)

val policy : t -> string -> string option
val rules : t -> rule list
val header_rules : t -> header_rule list

val exact : t -> string -> entry option
(** The entry of exactly this decoded path. *)

val fallback : t -> string -> entry option
(** The fallback of the nearest directory at or above this decoded path. *)
