(** Making archives by hand, good and bad ones. *)

val header : ?typeflag:char -> ?checksum:int -> name:string -> size:string -> unit -> string
(** A ustar header; [size] is the field's text. *)

val member : string -> string -> string
(** [member name body]: header, body and padding. *)

val pax : (string * string) list -> string
(** A pax extended header. *)

val closing : string
(** The two zero blocks. *)

val site : ?preamble:string -> (string * string) list -> string
(** [site entries]: an archive whose index has these lines, each without its size and offset fields:
    ["=\t/path\t200", "\"etag\"\ttype"]; every body is ["body of <path>"]. *)

val identity : ?lines:string list -> string -> string
(** The identity of a site archive, with these lines beside those that must be. *)
