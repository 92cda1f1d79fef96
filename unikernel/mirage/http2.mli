(** The conversation on a connection that speaks HTTP/2. *)

module Make (F : Mirage_flow.S) : sig
  val converse : Connection.t -> F.flow -> Deadline.t -> unit Lwt.t
  (** Answers requests until the conversation ends; closing the flow is the caller's. Fails with
      {!Connection.Closed} when the other side is gone, or asks for more than an honest one would. *)
end
