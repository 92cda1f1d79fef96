type key = int
type 'a entry = { key : key; frame : 'a }

type 'a t = {
  mutable slots : 'a entry option array;
  places : (key, int) Hashtbl.t;
  mutable cursor : int;
  mutable admitted : int;  (** in this half second *)
}

let create () = { slots = Array.make 64 None; places = Hashtbl.create 64; cursor = 0; admitted = 0 }
let limit t ~most = t.slots <- Array.make most None
let ethernet = 14
let tcp_protocol = 6
let syn_flag = 0x02
let rst_flag = 0x04
let ack_flag = 0x10

(* Address, port, and enough of our port to tell one from the other: 62 bits. *)
let key ~address ~port ~local_port =
  (Int32.to_int address land 0xffff_ffff) lor (port lsl 32) lor ((local_port land 0x3fff) lsl 48)

let tcp_at ~byte = ethernet + ((byte ethernet land 0x0f) * 4)

let syn ~byte ~length =
  let is_tcp =
    length >= ethernet + 20 + 20 && byte 12 = 0x08 && byte 13 = 0x00 && byte (ethernet + 9) = tcp_protocol
  in
  let at = if is_tcp then tcp_at ~byte else length in
  if at + 14 <= length && byte (at + 13) land (syn_flag lor ack_flag) = syn_flag then
    let word at = (byte at lsl 8) lor byte (at + 1) in
    let address = Int32.of_int ((word (ethernet + 12) lsl 16) lor word (ethernet + 14)) in
    Some (key ~address ~port:(word at) ~local_port:(word (at + 2)))
  else None

let reset ~byte = (tcp_at ~byte + 13, rst_flag lor ack_flag)

let empty t slot =
  let was = t.slots.(slot) in
  t.slots.(slot) <- None;
  Option.iter (fun { key; _ } -> Hashtbl.remove t.places key) was;
  was

(* The next free one; when the next few are taken, the next one, whose connection is about the oldest. *)
let next_slot t =
  let size = Array.length t.slots in
  let rec free tried =
    let slot = (t.cursor + tried) mod size in
    if t.slots.(slot) = None then slot else if tried < 16 then free (tried + 1) else t.cursor
  in
  let slot = free 0 in
  t.cursor <- (slot + 1) mod size;
  slot

let came t key frame =
  if t.admitted >= Array.length t.slots then None
  else
    let repeated = Option.bind (Hashtbl.find_opt t.places key) (empty t) in
    let slot = next_slot t in
    let oldest = empty t slot in
    t.slots.(slot) <- Some { key; frame };
    Hashtbl.replace t.places key slot;
    t.admitted <- t.admitted + 1;
    Some (List.filter_map (Option.map (fun { frame; _ } -> frame)) [ repeated; oldest ])

let opened t key = Option.iter (fun slot -> ignore (empty t slot : 'a entry option)) (Hashtbl.find_opt t.places key)
let tick t = t.admitted <- 0
