type error = Protocol_error | Frame_size_error | Enhance_your_calm | Http_1_1_required

let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
let header = 9
let max_streams = 100
let max_frame = 16_384

(* Of a request's compressed headers, in all its frames: what HTTP/1.1 may send uncompressed. *)
let max_block = Request.max_headers
let max_continuations = 16
let max_settings = 32

(* Frames and bytes that may come without a piece of a response being taken: header blocks, pings, settings,
   windows opened byte by byte, bodies. Each piece taken gives the client more frames. *)
let max_idle_frames = 1_000
let frames_for_progress = 50
let max_idle_bytes = 262_144

(* Streams that a client may end early, beyond those that it has read to their end (CVE-2023-44487); as many
   may be over for the client and not yet for us. *)
let max_resets = 100

(* RFC 9113, 6: types of frames, flags, settings. *)
let headers = 1
let priority = 2
let settings = 4
let goaway_type = 7
let continuation = 9
let ack = 0x1
let end_headers = 0x4
let header_table_size = 1
let default_table = 4_096

type t = {
  waiting : Buffer.t;  (** the beginning of a frame *)
  mutable needed : int;  (** bytes of it that there must be before anything can be said *)
  mutable greeted : bool;  (** the client's preface has come *)
  mutable block : int option;  (** bytes of a header block whose end has not come *)
  mutable continuations : int;
  mutable last_stream : int;
  mutable frames : int;  (** that may yet come *)
  mutable bytes : int;
  mutable streams : int;
  mutable ended_early : int;
}

let create () =
  {
    waiting = Buffer.create 0;
    needed = String.length preface;
    greeted = false;
    block = None;
    continuations = 0;
    last_stream = 0;
    frames = max_idle_frames;
    bytes = max_idle_bytes;
    streams = 0;
    ended_early = 0;
  }

exception Refuse of error

let calm condition = if not condition then raise (Refuse Enhance_your_calm)

let progressed t =
  t.frames <- min max_idle_frames (t.frames + frames_for_progress);
  t.bytes <- max_idle_bytes

let opened t =
  t.streams <- t.streams + 1;
  t.streams <= max_streams + max_resets

let ended t ~early =
  t.streams <- t.streams - 1;
  t.ended_early <- (if early then t.ended_early + 1 else max 0 (t.ended_early - 1))

let uint16 s at = (Char.code s.[at] lsl 8) lor Char.code s.[at + 1]
let uint24 s at = (uint16 s at lsl 8) lor Char.code s.[at + 2]
let uint32 s at = (uint16 s at lsl 16) lor uint16 s (at + 2)

let frame ~kind ~stream payload =
  let length = String.length payload in
  let bytes = Bytes.create header in
  Bytes.set_uint16_be bytes 0 (length lsr 8);
  Bytes.set_uint8 bytes 2 (length land 0xff);
  Bytes.set_uint8 bytes 3 kind;
  Bytes.set_uint8 bytes 4 0;
  Bytes.set_int32_be bytes 5 (Int32.of_int stream);
  Bytes.unsafe_to_string bytes ^ payload

(* A larger table than the usual one is not needed; a smaller one [h2] would write beyond. *)
let rewritten payload =
  calm (String.length payload <= 6 * max_settings);
  let entry i =
    let entry = String.sub payload (6 * i) 6 in
    if uint16 entry 0 <> header_table_size || uint32 entry 2 = default_table then entry
    else if uint32 entry 2 < default_table then raise (Refuse Http_1_1_required)
    else ""
  in
  frame ~kind:settings ~stream:0 (String.concat "" (List.init (String.length payload / 6) entry))

let header_block t ~flags ~length ~before =
  let bytes = before + length in
  calm (bytes <= max_block);
  t.block <- (if flags land end_headers = 0 then Some bytes else None)

(* The frame at this place, as it is to be handed on. *)
let examined t s at length =
  let kind = Char.code s.[at + 3] and flags = Char.code s.[at + 4] and stream = uint32 s (at + 5) land 0x7fff_ffff in
  t.frames <- t.frames - 1;
  calm (t.frames >= 0);
  let whole = String.sub s at (header + length) in
  match t.block with
  | Some before when kind = continuation ->
      t.continuations <- t.continuations + 1;
      calm (t.continuations <= max_continuations);
      header_block t ~flags ~length ~before;
      whole
  | Some _ -> raise (Refuse Protocol_error)
  | None ->
      if kind = headers then (
        t.last_stream <- max t.last_stream stream;
        t.continuations <- 0;
        header_block t ~flags ~length ~before:0;
        whole)
      else if kind = settings && flags land ack = 0 && length mod 6 = 0 && stream = 0 then
        rewritten (String.sub s (at + header) length)
      else if kind = priority || kind > continuation then ""
      else whole

let rec frames t s at passed =
  let there = String.length s - at in
  let wait needed =
    t.needed <- needed;
    Buffer.clear t.waiting;
    if there > 0 then Buffer.add_substring t.waiting s at there else Buffer.reset t.waiting;
    passed
  in
  if there < header then wait header
  else
    let length = uint24 s at in
    if length > max_frame then raise (Refuse Frame_size_error);
    if there < header + length then wait (header + length)
    else frames t s (at + header + length) (examined t s at length :: passed)

let greeting t s =
  let length = String.length preface in
  if String.sub s 0 length <> preface then raise (Refuse Protocol_error);
  t.greeted <- true;
  frames t s length [ preface ]

let feed t bytes =
  Buffer.add_string t.waiting bytes;
  t.bytes <- t.bytes - String.length bytes;
  match
    calm (t.bytes >= 0 && t.ended_early <= max_resets && t.streams <= max_streams + max_resets);
    if Buffer.length t.waiting < t.needed then []
    else
      let s = Buffer.contents t.waiting in
      if t.greeted then frames t s 0 [] else greeting t s
  with
  | passed -> Ok (String.concat "" (List.rev passed))
  | exception Refuse error -> Error error

let code = function
  | Protocol_error -> 0x1l
  | Frame_size_error -> 0x6l
  | Enhance_your_calm -> 0xbl
  | Http_1_1_required -> 0xdl

let goaway t error =
  let payload = Bytes.create 8 in
  Bytes.set_int32_be payload 0 (Int32.of_int t.last_stream);
  Bytes.set_int32_be payload 4 (code error);
  (* A server's first frame is SETTINGS; a client may hear of them twice. *)
  frame ~kind:settings ~stream:0 "" ^ frame ~kind:goaway_type ~stream:0 (Bytes.unsafe_to_string payload)
