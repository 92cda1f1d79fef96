(** A site that is ready to be served: its identity and the index of its archive. *)

type t = {
  identity : Identity.t;
  index : Index.t;
  canonical : string option;  (** the host that the other names redirect to *)
  always : Header_set.t list;  (** headers of every response *)
  html_handling : Html_handling.t;
  rules : Index.rule list;
  forced : bool;  (** some rules go before what stands at a path *)
  header_rules : Index.header_rule list;
}

type opening =
  | Read of { offset : int; length : int; continue : string -> opening }
      (** Hand exactly these bytes of the site archive to [continue]. *)
  | Opened of t
  | Malformed of string

val max_index : int
(** The most bytes that an index may have. *)

val open_ : Identity.t -> device_size:int -> opening
(** Reads the archive's index. [device_size] is the size in bytes of what holds the archive. *)
