open Lwt.Infix

let mib = 1_048_576

(* The program, its stack and the minor heap. *)
let program = 12 * mib

(* A TLS connection at rest, most of it the TCP/IP stack's, with the garbage and the gaps between the heap's
   pieces that are beside it. *)
let connection = 12_032

(* Of the heap, for what is not at rest: handshakes, requests. *)
let spare = 8 * mib

type share = { mutable held : int; mutable most : int }

let incoming = { held = 0; most = max_int }
let outgoing = { held = 0; most = max_int }
let heap_most = ref (64 * mib)
let heap () = (Gc.quick_stat ()).Gc.heap_words * (Sys.word_size / 8)

let share_out ~bytes =
  incoming.most <- bytes / 16;
  heap_most := max (8 * mib) (bytes - program - (bytes / 8))

let connections () = max 64 ((!heap_most - heap () - spare) / connection)

let has_room share = share.held < share.most

let hold shares buffer bytes =
  let add bytes share = share.held <- share.held + bytes in
  List.iter (add bytes) shares;
  Gc.finalise_last (fun () -> List.iter (add (-bytes)) shares) buffer

(* What the stack keeps of a frame that waits, beside its bytes. *)
let frame_overhead = 400

(* A quarter of the share is the most for one address. *)
let sources : (int, share) Hashtbl.t = Hashtbl.create 64

let share_of source =
  match Hashtbl.find_opt sources source with
  | Some share -> share
  | None ->
      let share = { held = 0; most = incoming.most / 4 } in
      Hashtbl.replace sources source share;
      share

let take_in ~source { Cstruct.buffer; _ } =
  let share = share_of source in
  let room = has_room incoming && has_room share in
  if room then hold [ incoming; share ] buffer (Bigarray.Array1.dim buffer + frame_overhead);
  room

let freed : unit Lwt_condition.t = Lwt_condition.create ()
let waiting = ref false

let rec write send record =
  if has_room outgoing then (
    hold [ outgoing ] record.Cstruct.buffer (Cstruct.length record);
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
  outgoing.most <- ((incoming.most + room) / 2);
  let control = Gc.get () in
  let differs a b = abs (a - b) * 10 > b in
  if differs space_overhead control.space_overhead || differs custom_major_ratio control.custom_major_ratio then
    Gc.set { control with space_overhead; custom_major_ratio }

let wanted = ref false
let ticks_since = ref 0
let collect () = wanted := true

let tick () =
  pace ();
  Hashtbl.filter_map_inplace (fun _ share -> if share.held > 0 then Some share else None) sources;
  incr ticks_since;
  let nearly_full = !heap_most - heap () < !heap_most / 16 in
  if ((!wanted || nearly_full) && !ticks_since > 10) || not (has_room outgoing) then (
    wanted := false;
    ticks_since := 0;
    Gc.full_major ());
  if !waiting then (
    waiting := false;
    Lwt_condition.broadcast freed ())
