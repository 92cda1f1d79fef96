(** What a client of HTTP/2 sends (RFC 9113), frame by frame, before the library that speaks the protocol has
    it. [h2] lets a header block go on for ever, keeps a node for each PRIORITY, and a table for compressing
    headers of whatever size the client names. Here that is cut to size, and counted what costs a client
    little and the server much; one that goes too far is told so, and its connection ends. *)

type t

type error =
  | Protocol_error
  | Frame_size_error
  | Enhance_your_calm  (** a flood *)
  | Http_1_1_required  (** a client of too small a table for compressed headers, which [h2] does not heed *)

val max_streams : int
(** Requests of a client that may wait for their response to be taken. *)

val max_frame : int
(** Bytes of a frame's payload, as the protocol has it for who announces nothing else. *)

val create : unit -> t

val feed : t -> string -> (string, error) result
(** [feed t bytes] is the frames to hand on: those which the bytes complete, without those that may be
    ignored. After an error nothing more is to be fed. *)

val progressed : t -> unit
(** The client has taken a piece of a response. *)

val opened : t -> bool
(** A request has come; [false] when there are so many that it is not to be answered. *)

val ended : t -> early:bool -> unit
(** Its response has been taken to its end, or ([early]) the stream ended before. *)

val goaway : t -> error -> string
(** The frames that tell the client why its connection ends. *)
