open Mirage_pages

let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

let frame ?(flags = 0) ?(stream = 0) kind payload =
  let head = Bytes.create 9 in
  Bytes.set_uint16_be head 0 (String.length payload lsr 8);
  Bytes.set_uint8 head 2 (String.length payload land 0xff);
  Bytes.set_uint8 head 3 kind;
  Bytes.set_uint8 head 4 flags;
  Bytes.set_int32_be head 5 (Int32.of_int stream);
  Bytes.to_string head ^ payload

let setting id value =
  let entry = Bytes.create 6 in
  Bytes.set_uint16_be entry 0 id;
  Bytes.set_int32_be entry 2 value;
  Bytes.to_string entry

let settings entries = frame 4 (String.concat "" entries)
let end_headers = 0x4
let headers ?(flags = end_headers) ?(stream = 1) length = frame ~flags ~stream 1 (String.make length 'h')
let continuation ?(flags = 0) length = frame ~flags ~stream:1 9 (String.make length 'c')
let ping = frame 6 (String.make 8 'p')
let reset = frame ~stream:1 3 (String.make 4 '\000')
let window = frame ~stream:1 8 "\000\000\000\001"

let name = function
  | Ok _ -> "goes on"
  | Error Http2_frames.Protocol_error -> "PROTOCOL_ERROR"
  | Error Frame_size_error -> "FRAME_SIZE_ERROR"
  | Error Enhance_your_calm -> "ENHANCE_YOUR_CALM"
  | Error Http_1_1_required -> "HTTP_1_1_REQUIRED"

let greeted () =
  let t = Http2_frames.create () in
  ignore (Http2_frames.feed t preface : (string, Http2_frames.error) result);
  t

let fed t bytes = name (Http2_frames.feed t bytes)
let repeated count one = String.concat "" (List.init count (fun _ -> one))
let check_end what wanted bytes = Alcotest.(check string) what wanted (fed (greeted ()) bytes)

let passed () =
  let t = greeted () in
  let check what wanted bytes =
    match Http2_frames.feed t bytes with
    | Ok found -> Alcotest.(check string) what wanted found
    | other -> Alcotest.failf "%s: %s" what (name other)
  in
  let usual = settings [ setting 3 100l; setting 1 4_096l; setting 4 65_535l ] in
  check "settings" usual usual;
  check "a table of 1 MB is not heard of" (settings [ setting 5 16_384l ]) (settings [ setting 1 1_000_000l; setting 5 16_384l ]);
  check "nor one of 4 GB" (settings []) (settings [ setting 1 (-1l) ]);
  check "acknowledgements" (frame ~flags:1 4 "") (frame ~flags:1 4 "");
  check "priorities are not handed on" ping (frame ~stream:5 2 (String.make 5 'p') ^ ping);
  check "unknown frames are not handed on" ping (frame 0x20 "what" ^ ping);
  let block = headers ~flags:0 100 ^ continuation 100 ^ continuation ~flags:end_headers 100 in
  check "a header block in three" block block;
  check "the next one" (headers ~stream:3 16_384) (headers ~stream:3 16_384);
  let long = headers ~stream:5 300 in
  String.iteri (fun i c -> check "byte by byte" (if i = String.length long - 1 then long else "") (String.make 1 c)) long

let refused () =
  let calm = "ENHANCE_YOUR_CALM" in
  Alcotest.(check string) "another protocol" "PROTOCOL_ERROR" (fed (Http2_frames.create ()) "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  check_end "a long frame, by its head alone" "FRAME_SIZE_ERROR" (String.sub (frame 0 (String.make 16_385 'x')) 0 9);
  check_end "the longest frame" "goes on" (frame 0 (String.make 16_384 'x'));
  check_end "a small table" "HTTP_1_1_REQUIRED" (settings [ setting 1 4_095l ]);
  check_end "32 settings" "goes on" (settings (List.init 32 (fun _ -> setting 4 1l)));
  check_end "33 settings" calm (settings (List.init 33 (fun _ -> setting 4 1l)));
  check_end "a long header block" calm (headers ~flags:0 16_000 ^ continuation 385);
  check_end "16 continuations" "goes on" (headers ~flags:0 1 ^ repeated 16 (continuation 1));
  check_end "17 continuations" calm (headers ~flags:0 1 ^ repeated 17 (continuation 0));
  check_end "a frame within a header block" "PROTOCOL_ERROR" (headers ~flags:0 1 ^ ping);
  List.iter
    (fun (what, one) ->
      check_end ("1,000 of " ^ what) "goes on" (repeated 1_000 one);
      check_end ("1,001 of " ^ what) calm (repeated 1_001 one))
    [
      ("ping", ping); ("settings", settings []); ("reset", reset); ("window", window); ("empty data", frame ~stream:1 0 "");
      ("priority", frame ~stream:7 2 "12345"); ("unknown", frame 0x99 ""); ("headers", headers 1);
    ];
  let body = frame ~stream:1 0 (String.make 16_000 'b') in
  check_end "a body of 256 KB" "goes on" (repeated 16 body);
  check_end "a longer one" calm (repeated 17 body)

(* Progress gives frames and bytes, but not without end. *)
let progress () =
  let t = greeted () in
  let spend count = Alcotest.(check string) "pings" "goes on" (fed t (repeated count ping)) in
  spend 1_000;
  for _ = 1 to 100 do
    Http2_frames.progressed t;
    spend 50
  done;
  for _ = 1 to 100 do
    Http2_frames.progressed t
  done;
  spend 1_000;
  Alcotest.(check string) "one more" "ENHANCE_YOUR_CALM" (fed t ping)

let request t =
  Http2_frames.progressed t;
  Alcotest.(check string) "a request" "goes on" (fed t (headers 1));
  Http2_frames.opened t

let streams () =
  let t = greeted () in
  for _ = 1 to 200 do
    Alcotest.(check bool) "answered" true (request t)
  done;
  Alcotest.(check bool) "one too many" false (request t);
  Alcotest.(check string) "and the connection ends" "ENHANCE_YOUR_CALM" (fed t ping)

let resets () =
  let t = greeted () in
  let reset_one () =
    ignore (request t : bool);
    Http2_frames.ended t ~early:true
  in
  for _ = 1 to 100 do
    reset_one ()
  done;
  Alcotest.(check string) "100" "goes on" (fed t ping);
  (* Who reads a response to its end may end another one early. *)
  for _ = 1 to 1_000 do
    Http2_frames.ended t ~early:(not (request t));
    reset_one ()
  done;
  Alcotest.(check string) "as many as are read" "goes on" (fed t ping);
  reset_one ();
  Alcotest.(check string) "one more" "ENHANCE_YOUR_CALM" (fed t ping)

let goaway () =
  let t = greeted () in
  ignore (fed t (headers ~stream:7 1) : string);
  let wanted = settings [] ^ frame 7 "\000\000\000\007\000\000\000\011" in
  Alcotest.(check string) "it names the last stream and the error" wanted (Http2_frames.goaway t Enhance_your_calm)

(* However the bytes are cut, the same frames come out, whole ones, until the same end. *)
let fuzz random =
  let words = [ ping; reset; window; settings []; headers 5; headers ~flags:0 5; continuation 3; "\000\000\000"; preface ] in
  let text = Mutate.text random ~words (preface ^ settings [ setting 1 65_536l ] ^ headers 9 ^ repeated 3 ping) in
  let whole = Http2_frames.feed (Http2_frames.create ()) text in
  let t = Http2_frames.create () in
  let rec pieces at passed =
    if at = String.length text then Ok passed
    else
      let length = min (String.length text - at) (1 + Mutate.below random 40) in
      match Http2_frames.feed t (String.sub text at length) with
      | Ok bytes -> pieces (at + length) (passed ^ bytes)
      | Error error -> Error error
  in
  if pieces 0 "" <> whole then Alcotest.failf "%S" text;
  let rec check_frames s at =
    let left = String.length s - at in
    if left > 0 then
      if left < 9 then Alcotest.failf "half a frame of %S" text
      else check_frames s (at + 9 + (Char.code s.[at + 1] * 256) + Char.code s.[at + 2])
    else if left < 0 then Alcotest.failf "a cut frame of %S" text
  in
  match whole with
  | Ok "" | Error _ -> ()
  | Ok bytes -> check_frames bytes (String.length preface)

let test name f = Alcotest.test_case name `Quick f

let suites =
  [
    ( "what a client of HTTP/2 sends",
      [
        test "handed on" passed;
        test "refused" refused;
        test "progress" progress;
        test "open streams" streams;
        test "streams ended early" resets;
        test "the end" goaway;
        test "fuzz" (Mutate.each 5_000 fuzz);
      ] );
  ]
