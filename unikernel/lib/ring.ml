(* [start] and [stop] are counted from the very first byte on; a byte's place is its count modulo the size. *)
type t = {
  bytes : Bytes.t;
  mutable start : int;
  mutable stop : int;
  mutable first : int;  (** number of the line that begins at [start] *)
  mutable next : int;
}

let create ~bytes = { bytes = Bytes.create bytes; start = 0; stop = 0; first = 1; next = 1 }
let newest t = t.next - 1
let is_end t at = Bytes.unsafe_get t.bytes (at mod Bytes.length t.bytes) = '\n'

let drop_oldest t =
  let rec line_end at = if is_end t at then at + 1 else line_end (at + 1) in
  t.start <- line_end t.start;
  t.first <- t.first + 1

let rec forget t ~upto =
  if t.first <= upto && t.start < t.stop then (
    drop_oldest t;
    forget t ~upto)

let add t line =
  let length = String.length line and size = Bytes.length t.bytes in
  while t.start < t.stop && t.stop - t.start + length > size do
    drop_oldest t
  done;
  if length <= size then (
    let at = t.stop mod size in
    let before_end = min length (size - at) in
    Bytes.blit_string line 0 t.bytes at before_end;
    Bytes.blit_string line before_end t.bytes 0 (length - before_end);
    t.stop <- t.stop + length)
  else t.first <- t.first + 1;
  t.next <- t.next + 1

let text t ~stop =
  let size = Bytes.length t.bytes and length = stop - t.start in
  let at = t.start mod size in
  let before_end = min length (size - at) in
  Bytes.sub_string t.bytes at before_end ^ Bytes.sub_string t.bytes 0 (length - before_end)

let oldest_first t ~most =
  let rec whole stop = if stop = t.start || is_end t (stop - 1) then stop else whole (stop - 1) in
  let text = text t ~stop:(whole (min t.stop (t.start + most))) in
  let lines = String.fold_left (fun n c -> if c = '\n' then n + 1 else n) 0 text in
  (t.first, t.first + lines - 1, text)
