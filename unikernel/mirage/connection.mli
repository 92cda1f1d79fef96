(** What is needed to answer a client, and the conversation on a connection that speaks HTTP/1.1. *)

type limits = {
  handshake : float;  (** seconds for the TLS handshake *)
  head : float;  (** seconds from a request's first byte to its head's last *)
  idle : float;  (** seconds between two requests *)
  write : float;  (** seconds for each piece of a response to be taken *)
}

val limits : limits

type t = {
  respond : Mirage_pages.Request.t -> Mirage_pages.Response.t;
  refused : Mirage_pages.Request.error -> Mirage_pages.Response.t;  (** to what could not be understood *)
  archive : Body.archive;  (** where bodies are *)
}

exception Closed
(** The other side is gone. *)

val date : unit -> string
(** The value of the Date header now. *)

val rest : Deadline.t -> unit
(** Between two requests. *)

module Make (F : Mirage_flow.S) : sig
  val converse : t -> F.flow -> Deadline.t -> unit Lwt.t
  (** Answers requests until the conversation ends; closing the flow is the caller's. *)
end
