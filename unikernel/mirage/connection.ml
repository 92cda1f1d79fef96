open Lwt.Infix
open Mirage_pages

type limits = { handshake : float; head : float; idle : float; write : float }

let limits = { handshake = 10.; head = 10.; idle = 30.; write = 30. }

type t = {
  respond : Request.t -> Response.t;
  refused : Request.error -> Response.t;
  archive : Body.archive;
}

exception Closed

(* One half second's Date header serves all responses of it. *)
let date =
  let cached = ref (-1, "") in
  fun () ->
    let tick = Deadline.ticks () in
    if fst !cached <> tick then
      cached := (tick, Http_date.format (int_of_float (Ptime.to_float_s (Mirage_ptime.now ()))));
    snd !cached

let rest deadline = Deadline.set deadline Idle ~seconds:limits.idle

(* Of what a connection at rest takes: a piece of a body, as it is read and as it leaves. *)
let weight = 4

(* The same for a head that is longer than most. *)
let small_head = 2_048

let head_weight = 2

module Make (F : Mirage_flow.S) = struct
  let write flow deadline buffer =
    Deadline.set deadline Answered ~seconds:limits.write;
    F.write flow buffer >>= function Ok () -> Lwt.return_unit | Error _ -> Lwt.fail Closed

  (* The head and the first bytes of the body leave in one record. *)
  let send t flow deadline ~http_1_0 (response : Response.t) =
    let head = Response.head response ~date:(date ()) ~http_1_0 in
    let before = String.length head in
    let rec go parts =
      Body.next t.archive ~before:0 ~size:(Memory.record ()) parts >>= function
      | None -> Lwt.return_unit
      | Some (piece, rest) -> write flow deadline piece >>= fun () -> go rest
    in
    Body.next t.archive ~before ~size:(max 1_024 (Memory.record () - before)) response.body >>= function
    | None -> write flow deadline (Cstruct.of_string head)
    | Some (piece, rest) ->
        Cstruct.blit_from_string head 0 piece 0 before;
        let all () = write flow deadline piece >>= fun () -> go rest in
        Deadline.holding deadline weight all

  let converse t flow deadline =
    let buffer = Request.create () in
    let begun = ref false in
    let read () = F.read flow in
    let answer ~http_1_0 (response : Response.t) ~continue =
      send t flow deadline ~http_1_0 response >>= fun () ->
      if response.close then Lwt.return_unit else continue ()
    in
    let rec next () =
      match Request.next buffer with
      | Refused error -> answer ~http_1_0:false (t.refused error) ~continue:next
      | Request request -> answer ~http_1_0:request.http_1_0 (t.respond request) ~continue:resting
      | Incomplete -> (
          (if Request.size buffer > small_head then Deadline.holding deadline head_weight read else read ())
          >>= function
          | Ok `Eof | Error _ -> Lwt.return_unit
          | Ok (`Data bytes) ->
              (* Set once for each request: drip-feeding does not move it. *)
              if not !begun then Deadline.set deadline Asking ~seconds:limits.head;
              begun := true;
              Request.feed buffer (Cstruct.to_bytes bytes) 0 (Cstruct.length bytes);
              next ())
    and resting () =
      begun := not (Request.is_empty buffer);
      if !begun then Deadline.set deadline Asking ~seconds:limits.head else rest deadline;
      next ()
    in
    resting ()
end
