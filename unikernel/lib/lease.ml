let ethernet = 14
let udp_protocol = 17

(* Places in a message of BOOTP, and the option that tells what kind of message of DHCP it is. *)
let your_address = 16
let hardware_address = 28
let cookie = 236
let options = 240
let message_type = 53
let ack = 5

let granted ~mac ~byte ~length =
  let word at = (byte at lsl 8) lor byte (at + 1) in
  let is_udp = length >= ethernet + 28 && word 12 = 0x0800 && byte (ethernet + 9) = udp_protocol in
  let udp = ethernet + if is_udp then (byte ethernet land 0x0f) * 4 else 0 in
  let message = udp + 8 in
  (* Whether the options from [at] on say that this is an acknowledgement. *)
  let rec is_ack at =
    at + 2 < length
    &&
    match byte at with
    | 0 -> is_ack (at + 1)
    | 255 -> false
    | code when code = message_type -> byte (at + 2) = ack
    | _ -> is_ack (at + 2 + byte (at + 1))
  in
  if
    is_udp
    && message + options < length
    && word udp = 67
    && word (udp + 2) = 68
    && byte message = 2
    && word (message + cookie) = 0x6382
    && word (message + cookie + 2) = 0x5363
    && String.init 6 (fun i -> Char.chr (byte (message + hardware_address + i))) = mac
    && is_ack (message + options)
  then
    let at = message + your_address in
    Some (Int32.of_int ((word at lsl 16) lor word (at + 2)))
  else None

type t = { mac : string; mutable first : int32 option }

let create ~mac = { mac; first = None }

let is_other t ~byte ~length =
  match granted ~mac:t.mac ~byte ~length with
  | None -> false
  | Some address -> (
      match t.first with
      | Some first -> address <> first
      | None ->
          t.first <- Some address;
          false)
