(** The site's own rules that depend on more than an exact path (docs/archive.md, "Rules"). *)

type outcome = {
  status : int;
  target : string;  (** captures put in: a URL or path to redirect to, or the decoded path of an entry *)
  headers : Header_set.t;
}

type found = {
  outcome : outcome option;
  vary : string list;  (** request headers that decided, whatever was decided *)
}

val is_redirect : int -> bool
(** Whether a status sends the client elsewhere: 300 to 399. *)

val find : Index.rule list -> Request.t -> host:string option -> path:string -> forced:bool -> found
(** The first rule that holds for this request, of those that are forced ([forced]) or of all. A rule that
    would redirect a path to itself does not hold. *)

val changes :
  Index.header_rule list -> host:string option -> path:string -> miss:bool -> Index.change list
(** What header rules do to the answer at a path, later ones first joined to earlier ones of the same
    name; [miss]: no entry answers at exactly this path. *)
