open Lwt.Infix

exception Passed

type stage = Asking | Idle | Answered

type t = {
  id : int;
  fd : Lwt_unix.file_descr;
  peer : string;
  mutable at : int;
  mutable stage : stage;
  mutable since : int;
  mutable ending : bool;  (** aborted, but not yet gone *)
}

let tick = 0.5
let now = ref 0
let last_id = ref 0
let all : (int, t) Hashtbl.t = Hashtbl.create 64
let peers : (string, int) Hashtbl.t = Hashtbl.create 64

(* One tick more: the present one may be almost over. *)
let after seconds = !now + 1 + int_of_float (Float.ceil (seconds /. tick))
let count () = Hashtbl.length all
let count_of peer = Option.value (Hashtbl.find_opt peers peer) ~default:0

let register fd ~peer ~seconds =
  incr last_id;
  let t =
    { id = !last_id; fd; peer; at = after seconds; stage = Asking; since = !now; ending = false }
  in
  Hashtbl.replace all t.id t;
  Hashtbl.replace peers peer (count_of peer + 1);
  t

let set t stage ~seconds =
  t.at <- after seconds;
  t.stage <- stage;
  t.since <- !now

let remove t =
  Hashtbl.remove all t.id;
  match count_of t.peer with
  | n when n > 1 -> Hashtbl.replace peers t.peer (n - 1)
  | _ -> Hashtbl.remove peers t.peer

let abort t =
  t.ending <- true;
  Lwt_unix.abort t.fd Passed

let abort_if condition =
  let past = Hashtbl.fold (fun _ t past -> if condition t then t :: past else past) all [] in
  List.iter abort past

let abort_waiting () = abort_if (fun t -> t.stage <> Answered)

(* Idle ones go first; of those the ones of the address with the most connections, the oldest first. *)
let goes_before a b =
  let rank t = ((if t.stage = Idle then 0 else 1), -count_of t.peer, t.since, t.id) in
  compare (rank a) (rank b) < 0

let make_room () =
  let may_go t =
    (not t.ending) && match t.stage with Idle -> true | Asking -> !now - t.since > 2 | Answered -> false
  in
  let first =
    Hashtbl.fold
      (fun _ t first ->
        match first with
        | Some other when not (may_go t && goes_before t other) -> first
        | _ -> if may_go t then Some t else first)
      all None
  in
  Option.iter abort first;
  first <> None

let rec run () =
  Lwt_unix.sleep tick >>= fun () ->
  incr now;
  abort_if (fun t -> t.at <= !now);
  run ()
