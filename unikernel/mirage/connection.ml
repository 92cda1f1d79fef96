open Lwt.Infix
open Mirage_pages

type limits = { handshake : float; head : float; idle : float; write : float }

let limits = { handshake = 10.; head = 10.; idle = 30.; write = 30. }

type t = {
  respond : Request.t -> Response.t;
  refused : Request.error -> Response.t;
  archive : Body.archive;
  crowded : unit -> bool;
}

exception Closed

(* One second's Date header serves all responses of that second. *)
let date =
  let cached = ref (-1, "") in
  fun () ->
    let now = int_of_float (Ptime.to_float_s (Mirage_ptime.now ())) in
    if fst !cached <> now then cached := (now, Http_date.format now);
    snd !cached

let rest t deadline = Deadline.set_idle deadline ~seconds:(if t.crowded () then 1. else limits.idle)

(* While many responses are under way their pieces are smaller, so that a thousand slow readers hold no
   more than a hundred fast ones. *)
let large = 65_536
let small = 8_192
let max_large = 64
let under_way = ref 0

module Make (F : Mirage_flow.S) = struct
  let write flow deadline buffers =
    Deadline.set deadline ~seconds:limits.write;
    F.writev flow buffers >>= function Ok () -> Lwt.return_unit | Error _ -> Lwt.fail Closed

  (* The head and the first bytes of the body leave in one write. *)
  let send t flow deadline ~http_1_0 (response : Response.t) =
    let head = Cstruct.of_string (Response.head response ~date:(date ()) ~http_1_0) in
    let rec go ~before parts =
      let size = if !under_way > max_large then small else large in
      Body.next t.archive ~size parts >>= function
      | Some (piece, rest) -> write flow deadline (before @ [ piece ]) >>= fun () -> go ~before:[] rest
      | None when before = [] -> Lwt.return_unit
      | None -> write flow deadline before
    in
    incr under_way;
    Lwt.finalize
      (fun () -> go ~before:[ head ] response.body)
      (fun () ->
        decr under_way;
        Lwt.return_unit)

  let converse t flow deadline =
    let buffer = Request.create () in
    let begun = ref false in
    let answer ~http_1_0 (response : Response.t) ~continue =
      send t flow deadline ~http_1_0 response >>= fun () ->
      if response.close then Lwt.return_unit else continue ()
    in
    let rec next () =
      match Request.next buffer with
      | Refused error -> answer ~http_1_0:false (t.refused error) ~continue:next
      | Request request -> answer ~http_1_0:request.http_1_0 (t.respond request) ~continue:resting
      | Incomplete -> (
          F.read flow >>= function
          | Ok `Eof | Error _ -> Lwt.return_unit
          | Ok (`Data bytes) ->
              (* Set once for each request: drip-feeding does not move it. *)
              if not !begun then Deadline.set deadline ~seconds:limits.head;
              begun := true;
              Request.feed buffer (Cstruct.to_bytes bytes) 0 (Cstruct.length bytes);
              next ())
    and resting () =
      begun := not (Request.is_empty buffer);
      if !begun then Deadline.set deadline ~seconds:limits.head else rest t deadline;
      next ()
    in
    resting ()
end
