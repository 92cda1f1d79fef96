open Lwt.Infix
module Connections = Mirage_pages.Connections

exception Passed

type stage = Connections.stage = Asking | Idle | Answered

(* [ended] is the end of what is guarded at present. *)
type handle = { mutable ended : unit Lwt.u option; mutable weighs : int }
type t = { handle : handle; connection : handle Connections.connection }

let all : handle Connections.t = Connections.create ()
let most = ref max_int
let limit ~most:weight = most := weight

let register ~peer ~seconds =
  let handle = { ended = None; weighs = 1 } in
  { handle; connection = Connections.register all handle ~peer ~seconds }

let set t = Connections.set all t.connection
let lingering = ref 0

let remove t flow =
  Connections.remove all t.connection;
  incr lingering;
  Gc.finalise_last (fun () -> decr lingering) flow

let count () = Connections.count all
let count_of peer = Connections.count_of all peer

let guard { handle; _ } run =
  let result, ended = Lwt.wait () in
  handle.ended <- Some ended;
  let finish wake value =
    match handle.ended with
    | Some present when present == ended ->
        handle.ended <- None;
        wake ended value
    | _ -> ()
  in
  Lwt.on_any (Lwt.catch run Lwt.fail) (finish Lwt.wakeup_later) (finish Lwt.wakeup_later_exn);
  result

let pass handle =
  match handle.ended with
  | None -> ()
  | Some ended ->
      handle.ended <- None;
      Lwt.wakeup_later_exn ended Passed

(* Of a connection that is closed the stack keeps about half. *)
let weight () = Connections.weight all + (!lingering / 2)

(* Ends at most as much as is wanted: those that are told to end have not gone at once. *)
let rec make_room wanted =
  if weight () > !most && wanted > 0 then
    match Connections.make_room all with
    | Some handle ->
        let weighs = handle.weighs in
        pass handle;
        make_room (wanted - weighs)
    | None -> if !lingering > 0 then Memory.collect ()

let has_room () = weight () <= !most + (!most / 16)

let weigh t weighs =
  t.handle.weighs <- weighs;
  Connections.weigh all t.connection weighs

let holding t weight run =
  let before = t.handle.weighs in
  weigh t (before + weight);
  let lighter () = weigh t (t.handle.weighs - weight) in
  Lwt.finalize
    (fun () ->
      make_room weight;
      if has_room () then run () else Lwt.fail Passed)
    (fun () ->
      lighter ();
      Lwt.return_unit)

let passed_ticks = ref 0
let ticks () = !passed_ticks

let rec run each =
  Mirage_sleep.ns (Int64.of_float (Connections.tick_seconds *. 1e9)) >>= fun () ->
  incr passed_ticks;
  List.iter pass (Connections.tick all);
  each ();
  run each
