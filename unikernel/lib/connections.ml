type stage = Asking | Idle | Answered

type peer = { address : string; mutable connections : int }

type 'a connection = {
  id : int;
  handle : 'a;
  peer : peer;
  mutable at : int;
  mutable stage : stage;
  mutable since : int;
  mutable ending : bool;  (** told to end, but not yet gone *)
  mutable weighs : int;
}

type 'a t = {
  all : (int, 'a connection) Hashtbl.t;
  peers : (string, peer) Hashtbl.t;
  mutable now : int;
  mutable last_id : int;
  mutable total : int;
}

let tick_seconds = 0.5

let create () =
  { all = Hashtbl.create 64; peers = Hashtbl.create 64; now = 0; last_id = 0; total = 0 }

(* One tick more: the present one may be almost over. *)
let after t seconds = t.now + 1 + int_of_float (Float.ceil (seconds /. tick_seconds))
let count t = Hashtbl.length t.all
let count_of t address = match Hashtbl.find_opt t.peers address with Some peer -> peer.connections | None -> 0
let weight t = t.total

let peer_at t address =
  match Hashtbl.find_opt t.peers address with
  | Some peer -> peer
  | None ->
      let peer = { address; connections = 0 } in
      Hashtbl.replace t.peers address peer;
      peer

let register t handle ~peer ~seconds =
  let peer = peer_at t peer in
  peer.connections <- peer.connections + 1;
  t.last_id <- t.last_id + 1;
  let at = after t seconds in
  let c = { id = t.last_id; handle; peer; at; stage = Asking; since = t.now; ending = false; weighs = 1 } in
  Hashtbl.replace t.all c.id c;
  t.total <- t.total + 1;
  c

let set t c stage ~seconds =
  c.at <- after t seconds;
  c.stage <- stage;
  c.since <- t.now;
  c.ending <- false

let weigh t c weighs =
  t.total <- t.total + weighs - c.weighs;
  c.weighs <- weighs

let remove t c =
  Hashtbl.remove t.all c.id;
  t.total <- t.total - c.weighs;
  c.peer.connections <- c.peer.connections - 1;
  if c.peer.connections = 0 then Hashtbl.remove t.peers c.peer.address

let handles t condition = Hashtbl.fold (fun _ c found -> if condition c then c.handle :: found else found) t.all []

let tick t =
  t.now <- t.now + 1;
  handles t (fun c ->
      let past = c.at <= t.now && not c.ending in
      if past then c.ending <- true;
      past)

(* Ticks in which who takes a response must have taken a piece of it (64 KiB at most) to be safe. *)
let slow = 20

(* Idle ones go first, slow takers last; of those the ones of the address with the most connections, the oldest
   first. *)
let goes_before a b =
  let rank c = match c.stage with Idle -> 0 | Asking -> 1 | Answered -> 2 in
  let by_stage = Int.compare (rank a) (rank b) in
  let by_peer = Int.compare b.peer.connections a.peer.connections in
  if by_stage <> 0 then by_stage < 0
  else if by_peer <> 0 then by_peer < 0
  else a.since < b.since || (a.since = b.since && a.id < b.id)

let make_room t =
  let may_go c =
    (not c.ending)
    &&
    match c.stage with
    | Idle -> true
    | Asking -> t.now - c.since > 2
    | Answered -> t.now - c.since > slow
  in
  let earlier _ c first =
    match first with
    | Some other when not (may_go c && goes_before c other) -> first
    | _ -> if may_go c then Some c else first
  in
  Option.map
    (fun c ->
      c.ending <- true;
      c.handle)
    (Hashtbl.fold earlier t.all None)

let waiting t = handles t (fun c -> c.stage <> Answered)
