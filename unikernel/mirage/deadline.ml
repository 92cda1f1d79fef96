open Lwt.Infix

exception Passed

type t = {
  id : int;
  mutable at : int;
  mutable idle : bool;
  passed : unit Lwt.t;
  pass : unit Lwt.u;
}

let tick = 500_000_000L
let now = ref 0
let last_id = ref 0
let all : (int, t) Hashtbl.t = Hashtbl.create 64

(* One tick more: the present one may be almost over. *)
let after seconds = !now + 1 + int_of_float (Float.ceil (seconds *. 1e9 /. Int64.to_float tick))

let register ~seconds =
  incr last_id;
  let passed, pass = Lwt.wait () in
  let t = { id = !last_id; at = after seconds; idle = false; passed; pass } in
  Hashtbl.replace all t.id t;
  t

let set t ~seconds =
  t.at <- after seconds;
  t.idle <- false

let set_idle t ~seconds =
  t.at <- after seconds;
  t.idle <- true

let guard t run = Lwt.choose [ run (); (t.passed >>= fun () -> Lwt.fail Passed) ]
let remove t = Hashtbl.remove all t.id
let count () = Hashtbl.length all

let pass_if condition =
  let past = Hashtbl.fold (fun _ t past -> if condition t then t :: past else past) all [] in
  let pass t =
    t.at <- max_int;
    Lwt.wakeup_later t.pass ()
  in
  List.iter pass past

let rec run () =
  Mirage_sleep.ns tick >>= fun () ->
  incr now;
  pass_if (fun t -> t.at <= !now);
  run ()
