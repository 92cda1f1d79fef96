open Mirage_pages

let key port = Half_open.key ~address:0x0a000001l ~port ~local_port:443
let came t port = Half_open.came t (key port) port
let answer = Alcotest.(option (list int))

let floods () =
  let t = Half_open.create () in
  Half_open.limit t ~most:100;
  let flood first = List.filter_map (came t) (List.init 1_000 (( + ) first)) in
  Alcotest.(check int) "as many in half a second" 100 (List.length (flood 0));
  Half_open.tick t;
  let forgotten = List.concat (flood 1_000) in
  Alcotest.(check (slist int Int.compare)) "the older ones give way" (List.init 100 Fun.id) forgotten;
  Half_open.tick t;
  Alcotest.check answer "who comes in a flood is admitted" (Some [ 1_000 ]) (came t 5_000)

let visitors () =
  let t = Half_open.create () in
  Half_open.limit t ~most:100;
  Alcotest.check answer "one that never opens" (Some []) (came t 1);
  for port = 10 to 10_000 do
    Alcotest.check answer "nobody gives way for who opens" (Some []) (came t port);
    Half_open.opened t (key port);
    if port mod 50 = 0 then Half_open.tick t
  done;
  Half_open.opened t (key 77);
  Alcotest.check answer "a repeated SYN takes the place of the first" (Some [ 1 ]) (came t 1)

(* Ethernet, IPv4 with this many words of header, TCP with these flags. *)
let frame ?(ethertype = 0x0800) ?(protocol = 6) ?(words = 5) flags =
  let at = 14 + (words * 4) in
  let bytes = Bytes.make (at + 20) '\000' in
  Bytes.set_uint16_be bytes 12 ethertype;
  Bytes.set_uint8 bytes 14 (0x40 lor words);
  Bytes.set_uint8 bytes 23 protocol;
  Bytes.set_int32_be bytes 26 0xc0a80001l;
  Bytes.set_uint16_be bytes at 50_000;
  Bytes.set_uint16_be bytes (at + 2) 443;
  Bytes.set_uint8 bytes (at + 13) flags;
  bytes

let frames () =
  let syn bytes = Half_open.syn ~byte:(Bytes.get_uint8 bytes) ~length:(Bytes.length bytes) in
  let is_syn bytes = syn bytes <> None in
  let from = Half_open.key ~address:0xc0a80001l ~port:50_000 ~local_port:443 in
  Alcotest.(check bool) "SYN" true (syn (frame 0x02) = Some from);
  Alcotest.(check bool) "SYN with IP options and ECN" true (syn (frame ~words:8 0xc2) = Some from);
  Alcotest.(check bool) "SYN-ACK" false (is_syn (frame 0x12));
  Alcotest.(check bool) "ACK" false (is_syn (frame 0x10));
  Alcotest.(check bool) "ARP" false (is_syn (frame ~ethertype:0x0806 0x02));
  Alcotest.(check bool) "UDP" false (is_syn (frame ~protocol:17 0x02));
  let whole = frame ~words:15 0x02 in
  let cut length = Bytes.sub whole 0 length in
  let found = List.filter (fun length -> is_syn (cut length)) (List.init (Bytes.length whole) Fun.id) in
  Alcotest.(check (list int)) "cut off before its flags" [] (List.filter (fun length -> length < 88) found);
  let at, value = Half_open.reset ~byte:(Bytes.get_uint8 whole) in
  Alcotest.(check (pair int int)) "RST and ACK in the place of the flags" (14 + 60 + 13, 0x14) (at, value)

let test name f = Alcotest.test_case name `Quick f

let suites =
  [
    ( "half open connections",
      [
        test "in a flood the older ones give way" floods;
        test "visitors who open are not concerned" visitors;
        test "which frames ask for a connection" frames;
      ] );
  ]
