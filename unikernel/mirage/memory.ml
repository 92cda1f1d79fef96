open Lwt.Infix
open Mirage_pages

let mib = 1_048_576

(* The program, its stack and the minor heap. *)
let program = 12 * mib

(* A TLS connection at rest, most of it the TCP/IP stack's, with the garbage and the gaps between the heap's
   pieces that are beside it. *)
let connection = 12_032

(* Of the heap, for what is not at rest: handshakes, requests. *)
let spare = 8 * mib

(* What clients have not acknowledged. *)
let unacknowledged = ref 0

let unacknowledged_most = ref max_int
let incoming = Waiting_frames.create ()
let heap_most = ref (64 * mib)
let heap () = (Gc.quick_stat ()).Gc.heap_words * (Sys.word_size / 8)

let share_out ~bytes =
  Waiting_frames.limit incoming ~bytes:(bytes / 16);
  heap_most := max (8 * mib) (bytes - program - (bytes / 8))

let connections () = max 64 ((!heap_most - heap () - spare) / connection)

(* Whether the young have been collected since the last tick. *)
let tidied = ref false

let take_in ~source { Cstruct.buffer; _ } =
  let take () = Waiting_frames.take incoming ~source ~bytes:(Bigarray.Array1.dim buffer) in
  let taken =
    match take () with
    | None when not !tidied ->
        (* Most of those that count may have been dealt with, and lie where nothing else is allocated. *)
        tidied := true;
        Gc.minor ();
        take ()
    | taken -> taken
  in
  match taken with
  | None -> false
  | Some freed ->
      Gc.finalise_last freed buffer;
      true

let has_room () = !unacknowledged < !unacknowledged_most
let freed : unit Lwt_condition.t = Lwt_condition.create ()
let waiting = ref false

let rec write send record =
  if has_room () then (
    let bytes = Cstruct.length record in
    unacknowledged := !unacknowledged + bytes;
    Gc.finalise_last (fun () -> unacknowledged := !unacknowledged - bytes) record.Cstruct.buffer;
    send record)
  else (
    waiting := true;
    Lwt_condition.wait freed >>= fun () -> write send record)

(* One byte less than a record of TLS holds: after a full one ocaml-tls sends an empty one. *)
let record () = if !heap_most - heap () > !heap_most / 8 then 16_383 else 4_095

let within low high value = max low (min high value)

(* A small heap may be mostly garbage, which saves work; a large one may not. *)
let pace () =
  let heap = max mib (heap ()) in
  let room = max 0 (!heap_most - heap) in
  let space_overhead = within 10 400 (room / 2 * 100 / heap) in
  let outside = (4 * mib) + (room / 4) in
  let custom_major_ratio = within 5 1_000 (outside * 100 / heap) in
  unacknowledged_most := (Waiting_frames.most incoming + room) / 2;
  let control = Gc.get () in
  let differs a b = abs (a - b) * 10 > b in
  if differs space_overhead control.space_overhead || differs custom_major_ratio control.custom_major_ratio then
    Gc.set { control with space_overhead; custom_major_ratio }

let wanted = ref false
let ticks_since = ref 0
let collect () = wanted := true

let tick () =
  pace ();
  tidied := false;
  (* While all of an address's frames are dropped, nothing that it sends makes the collector run. *)
  if Waiting_frames.tick incoming then wanted := true;
  incr ticks_since;
  let nearly_full = !heap_most - heap () < !heap_most / 16 in
  if ((!wanted || nearly_full) && !ticks_since > 10) || not (has_room ()) then (
    wanted := false;
    ticks_since := 0;
    Gc.full_major ());
  if !waiting then (
    waiting := false;
    Lwt_condition.broadcast freed ())
