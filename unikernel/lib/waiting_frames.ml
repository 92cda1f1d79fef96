type t = {
  mutable held : int;
  mutable most : int;
  mutable dropped : bool;  (** since the last tick *)
  sources : (int, int ref) Hashtbl.t;
}

(* What the stack keeps of a frame that waits, beside its bytes. *)
let overhead = 400

let create () = { held = 0; most = max_int; dropped = false; sources = Hashtbl.create 64 }
let limit t ~bytes = t.most <- bytes
let most t = t.most

let held_of t source =
  match Hashtbl.find_opt t.sources source with
  | Some held -> held
  | None ->
      let held = ref 0 in
      Hashtbl.replace t.sources source held;
      held

let take t ~source ~bytes =
  let held = held_of t source in
  if t.held >= t.most || !held >= t.most / 4 then (
    t.dropped <- true;
    None)
  else
    let add bytes =
      t.held <- t.held + bytes;
      held := !held + bytes
    in
    let bytes = bytes + overhead in
    add bytes;
    Some (fun () -> add (-bytes))

let tick t =
  let dropped = t.dropped in
  t.dropped <- false;
  Hashtbl.filter_map_inplace (fun _ held -> if !held > 0 then Some held else None) t.sources;
  dropped
