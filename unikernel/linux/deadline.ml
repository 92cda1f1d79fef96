open Lwt.Infix

exception Passed

type t = { id : int; fd : Lwt_unix.file_descr; mutable at : int; mutable idle : bool }

let tick = 0.5
let now = ref 0
let last_id = ref 0
let all : (int, t) Hashtbl.t = Hashtbl.create 64

(* One tick more: the present one may be almost over. *)
let after seconds = !now + 1 + int_of_float (Float.ceil (seconds /. tick))

let register fd ~seconds =
  incr last_id;
  let t = { id = !last_id; fd; at = after seconds; idle = false } in
  Hashtbl.replace all t.id t;
  t

let set t ~seconds =
  t.at <- after seconds;
  t.idle <- false

let set_idle t ~seconds =
  t.at <- after seconds;
  t.idle <- true

let remove t = Hashtbl.remove all t.id
let count () = Hashtbl.length all

let abort_if condition =
  let past = Hashtbl.fold (fun _ t past -> if condition t then t :: past else past) all [] in
  List.iter (fun t -> Lwt_unix.abort t.fd Passed) past

let abort_idle () = abort_if (fun t -> t.idle)

let rec run () =
  Lwt_unix.sleep tick >>= fun () ->
  incr now;
  abort_if (fun t -> t.at <= !now);
  run ()
