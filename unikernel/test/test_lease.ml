open Mirage_pages

let mac = "\x02\x00\x00\x00\x00\x01"

(* An answer of a DHCP server, of this kind. *)
let answer ?(address = 0x0a090003l) ?(kind = 5) ?(port = 67) ?(protocol = 17) ?(mac = mac) ?(before = "\001\004\255\255\255\000\000") () =
  let options = before ^ Printf.sprintf "\053\001%c\255" (Char.chr kind) in
  let bytes = Bytes.make (14 + 20 + 8 + 240 + String.length options) '\000' in
  Bytes.set_uint16_be bytes 12 0x0800;
  Bytes.set_uint8 bytes 14 0x45;
  Bytes.set_uint8 bytes 23 protocol;
  Bytes.set_uint16_be bytes 34 port;
  Bytes.set_uint16_be bytes 36 68;
  Bytes.set_uint8 bytes 42 2;
  Bytes.set_int32_be bytes 58 address;
  Bytes.blit_string mac 0 bytes 70 6;
  Bytes.set_int32_be bytes 278 0x63825363l;
  Bytes.blit_string options 0 bytes 282 (String.length options);
  bytes

let granted bytes = Lease.granted ~mac ~byte:(Bytes.get_uint8 bytes) ~length:(Bytes.length bytes)
let address = Alcotest.(option int32)

let answers () =
  Alcotest.check address "an acknowledgement" (Some 0x0a090003l) (granted (answer ()));
  Alcotest.check address "an offer" None (granted (answer ~kind:2 ()));
  Alcotest.check address "a refusal" None (granted (answer ~kind:6 ()));
  Alcotest.check address "to another machine" None (granted (answer ~mac:"\x02\x00\x00\x00\x00\x02" ()));
  Alcotest.check address "from no server" None (granted (answer ~port:68 ()));
  Alcotest.check address "TCP" None (granted (answer ~protocol:6 ()))

let cut_off () =
  let whole = answer () in
  for length = 0 to Bytes.length whole - 1 do
    ignore (granted (Bytes.sub whole 0 length) : int32 option)
  done;
  Alcotest.check address "an option that is longer than the frame" None (granted (answer ~before:"\001\250" ()))

let another_address () =
  let lease = Lease.create ~mac in
  let is_other bytes = Lease.is_other lease ~byte:(Bytes.get_uint8 bytes) ~length:(Bytes.length bytes) in
  let told name expected bytes = Alcotest.(check bool) name expected (is_other bytes) in
  told "somebody else's first" false (answer ~mac:"\x02\x00\x00\x00\x00\x02" ~address:0x0a090009l ());
  told "the first" false (answer ());
  for _ = 1 to 1_000 do
    told "renewed" false (answer ())
  done;
  told "an offer of another one" false (answer ~kind:2 ~address:0x0a090004l ());
  told "another one to another machine" false (answer ~mac:"\x02\x00\x00\x00\x00\x02" ~address:0x0a090004l ());
  told "another one" true (answer ~address:0x0a090004l ());
  told "told again, for nothing has been done yet" true (answer ~address:0x0a090004l ());
  told "the first again" false (answer ())

let test name f = Alcotest.test_case name `Quick f

let suites =
  [
    ( "lease",
      [
        test "which answers grant an address" answers;
        test "answers that are cut off" cut_off;
        test "a renewal that brings another address is told" another_address;
      ] );
  ]
