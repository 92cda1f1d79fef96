open Lwt.Infix
open Mirage_pages

let half_open = Half_open.create ()

(* A device gives each frame a buffer for the largest one. Bytes that come in one by one, or out of order,
   wait in the stack as frames: what is small gets a buffer of its size. *)
let small = 1_024

let fitting frame =
  if Cstruct.length frame > small then frame
  else
    let copy = Cstruct.create_unsafe (Cstruct.length frame) in
    Cstruct.blit frame 0 copy 0 (Cstruct.length frame);
    copy

(* Its sender's IPv4 address; of other frames, which are few, all are one sender's. *)
let source frame =
  if Cstruct.length frame >= 34 && Cstruct.BE.get_uint16 frame 12 = 0x0800 then
    Int32.to_int (Cstruct.BE.get_uint32 frame 26)
  else 0

(* The stack looks at neither the checksum nor the sequence number of a reset that ends a half open one. *)
let reset frame =
  let at, value = Half_open.reset ~byte:(Cstruct.get_uint8 frame) in
  Cstruct.set_uint8 frame at value;
  frame

let pass receive frame =
  match Half_open.syn ~byte:(Cstruct.get_uint8 frame) ~length:(Cstruct.length frame) with
  | None -> receive frame
  | Some key -> (
      match Half_open.came half_open key (Cstruct.of_string (Cstruct.to_string frame)) with
      | None -> Lwt.return_unit
      | Some forgotten -> Lwt_list.iter_s (fun frame -> receive (reset frame)) forgotten >>= fun () -> receive frame)

let on_other_address = ref ignore

module Make (N : Mirage_net.S) = struct
  include N

  let connect = Lwt.return

  let listen net ~header_size receive =
    let lease = Lease.create ~mac:(Macaddr.to_octets (N.mac net)) in
    N.listen net ~header_size (fun frame ->
        if Lease.is_other lease ~byte:(Cstruct.get_uint8 frame) ~length:(Cstruct.length frame) then
          !on_other_address ();
        let frame = fitting frame in
        if Memory.take_in ~source:(source frame) frame then pass receive frame else Lwt.return_unit)
end
