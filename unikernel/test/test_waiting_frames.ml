open Mirage_pages

let limited bytes =
  let t = Waiting_frames.create () in
  Waiting_frames.limit t ~bytes;
  t

(* A segment of one byte is a frame of 60. *)
let small t source = Waiting_frames.take t ~source ~bytes:60

let flood t ~frames source = List.filter_map (fun _ -> small t source) (List.init frames Fun.id)
let is_taken t source = small t source <> None

let one_sender () =
  let t = limited 1_048_576 in
  let taken = flood t ~frames:25_000 1 in
  let bytes = 460 * List.length taken in
  Alcotest.(check bool) "a quarter, and a frame at most" true (bytes >= 262_144 && bytes < 262_144 + 460);
  Alcotest.(check bool) "no more of him" false (is_taken t 1);
  Alcotest.(check bool) "others are heard" true (is_taken t 2);
  Alcotest.(check bool) "the collector is asked for" true (Waiting_frames.tick t);
  Alcotest.(check bool) "once, while nothing more comes" false (Waiting_frames.tick t);
  Alcotest.(check bool) "nor half a second later" false (is_taken t 1);
  List.iter (fun free -> free ()) taken;
  Alcotest.(check bool) "but when all are freed" true (is_taken t 1)

let many_senders () =
  let t = limited 1_048_576 in
  let taken = List.concat_map (flood t ~frames:1_000) (List.init 100 Fun.id) in
  let bytes = 460 * List.length taken in
  Alcotest.(check bool) "all of it, and a frame at most" true (bytes >= 1_048_576 && bytes < 1_048_576 + 460);
  Alcotest.(check bool) "nobody else" false (is_taken t 1_000);
  (List.hd taken) ();
  Alcotest.(check bool) "a frame in the freed one's place" true (is_taken t 1_000)

(* Who sends on while he is forgotten counts as before. *)
let forgetting () =
  let t = limited 1_048_576 in
  List.iter (fun free -> free ()) (flood t ~frames:10 1);
  Alcotest.(check bool) "nothing was dropped" false (Waiting_frames.tick t);
  let waiting = flood t ~frames:10_000 1 in
  Alcotest.(check bool) "some were" true (Waiting_frames.tick t);
  Alcotest.(check bool) "his frames wait still" false (is_taken t 1);
  List.iter (fun free -> free ()) waiting;
  for source = 1 to 100 do
    Option.iter (fun free -> free ()) (small t source)
  done;
  ignore (Waiting_frames.tick t : bool);
  Alcotest.(check bool) "nothing waits" true (is_taken t 1)

let test name f = Alcotest.test_case name `Quick f

let suites =
  [
    ( "frames that wait",
      [
        test "a flood of small segments from one address leaves room for others" one_sender;
        test "one from many takes its share of the memory and no more" many_senders;
        test "who has nothing waiting is forgotten" forgetting;
      ] );
  ]
