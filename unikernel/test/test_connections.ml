open Mirage_pages

let ticks connections n = List.concat (List.init n (fun _ -> Connections.tick connections))
let names = Alcotest.(slist string String.compare)

let drip_feeding () =
  let all = Connections.create () in
  let fed = Connections.register all "fed" ~peer:"a" ~seconds:10. in
  (* Ten seconds are set once, whatever arrives in them. *)
  Connections.set all fed Asking ~seconds:10.;
  Alcotest.check names "before its time" [] (ticks all 20);
  Alcotest.check names "after it" [ "fed" ] (ticks all 1);
  Alcotest.check names "told once" [] (ticks all 100);
  Connections.set all fed Answered ~seconds:1.;
  Alcotest.check names "told anew after a new stage" [ "fed" ] (ticks all 3)

let oldest_of_the_greediest () =
  let all = Connections.create () in
  let idle name peer =
    let one = Connections.register all name ~peer ~seconds:10. in
    Connections.set all one Idle ~seconds:30.;
    ignore (Connections.tick all : string list)
  in
  idle "lone" "a";
  idle "first" "b";
  idle "second" "b";
  let first = Connections.make_room all in
  Alcotest.(check (option string)) "the oldest of the address with most" (Some "first") first;
  Alcotest.(check (option string)) "not the same again" (Some "second") (Connections.make_room all);
  Alcotest.(check (option string)) "then others" (Some "lone") (Connections.make_room all);
  Alcotest.(check (option string)) "then none" None (Connections.make_room all)

let who_may_go () =
  let all = Connections.create () in
  let asking = Connections.register all "asking" ~peer:"a" ~seconds:10. in
  let answered = Connections.register all "answered" ~peer:"a" ~seconds:10. in
  Connections.set all answered Answered ~seconds:30.;
  Alcotest.(check (option string)) "who has just come stays" None (Connections.make_room all);
  ignore (ticks all 3 : string list);
  Alcotest.(check names) "waiting" [ "asking" ] (Connections.waiting all);
  let idle = Connections.register all "idle" ~peer:"b" ~seconds:10. in
  Connections.set all idle Idle ~seconds:30.;
  Alcotest.(check (option string)) "idle ones go first" (Some "idle") (Connections.make_room all);
  Alcotest.(check (option string)) "then who dawdles" (Some "asking") (Connections.make_room all);
  Alcotest.(check (option string)) "not who takes a response" None (Connections.make_room all);
  ignore (ticks all 15 : string list);
  Connections.set all answered Answered ~seconds:30.;
  ignore (ticks all 20 : string list);
  Alcotest.(check (option string)) "nor who took a piece of it" None (Connections.make_room all);
  ignore (ticks all 1 : string list);
  Alcotest.(check (option string)) "but who takes none" (Some "answered") (Connections.make_room all);
  Connections.remove all asking

let counts () =
  let all = Connections.create () in
  let open_ name = Connections.register all name ~peer:"a" ~seconds:10. in
  let one = open_ "one" and two = open_ "two" in
  Connections.weigh all one 5;
  Alcotest.(check (list int)) "two" [ 2; 2; 0; 6 ]
    Connections.[ count all; count_of all "a"; count_of all "b"; weight all ];
  Connections.remove all one;
  Alcotest.(check (list int)) "one" [ 1; 1; 1 ] Connections.[ count all; count_of all "a"; weight all ];
  Connections.remove all two;
  Alcotest.(check (list int)) "none" [ 0; 0; 0 ] Connections.[ count all; count_of all "a"; weight all ]

let test name f = Alcotest.test_case name `Quick f

let suites =
  [
    ( "connections",
      [
        test "bytes that drip in do not move a deadline" drip_feeding;
        test "room is made by the oldest idle one of the address with most" oldest_of_the_greediest;
        test "who may be ended" who_may_go;
        test "counts and weights" counts;
      ] );
  ]
