open Mirage_pages

let test name f = Alcotest.test_case name `Quick f
let text = Alcotest.(check string)
let number = Alcotest.(check int)
let secret = String.concat "" (List.init 8 (fun _ -> "0123abcd"))

let ring_tests =
  [
    test "numbers lines and gives whole ones" (fun () ->
        let ring = Ring.create ~bytes:100 in
        Alcotest.(check (triple int int string)) "empty" (1, 0, "") (Ring.oldest_first ring ~most:50);
        List.iter (Ring.add ring) [ "one\n"; "two\n"; "three\n" ];
        Alcotest.(check (triple int int string)) "all" (1, 3, "one\ntwo\nthree\n") (Ring.oldest_first ring ~most:50);
        Alcotest.(check (triple int int string)) "most" (1, 2, "one\ntwo\n") (Ring.oldest_first ring ~most:13);
        Ring.forget ring ~upto:2;
        Alcotest.(check (triple int int string)) "rest" (3, 3, "three\n") (Ring.oldest_first ring ~most:50);
        Ring.forget ring ~upto:1;
        number "newest" 3 (Ring.newest ring);
        Ring.forget ring ~upto:99;
        Ring.add ring "four\n";
        Alcotest.(check (triple int int string)) "fourth" (4, 4, "four\n") (Ring.oldest_first ring ~most:50));
    test "passes over a line that is longer than itself" (fun () ->
        let ring = Ring.create ~bytes:8 in
        List.iter (Ring.add ring) [ "one\n"; "far too long\n"; "two\n" ];
        Alcotest.(check (triple int int string)) "two alone" (3, 3, "two\n") (Ring.oldest_first ring ~most:8));
    test "agrees with a list over a long run" (fun () ->
        let random = Random.State.make [| 5 |] and size = 61 in
        let ring = Ring.create ~bytes:size in
        let bytes lines = List.fold_left (fun sum (_, line) -> sum + String.length line) 0 lines in
        let rec fitting lines = if bytes lines > size then fitting (List.tl lines) else lines in
        let rec whole most = function
          | (n, line) :: rest when String.length line <= most -> (n, line) :: whole (most - String.length line) rest
          | _ -> []
        in
        let step lines n =
          let line = String.make (Random.State.int random 14) 'x' ^ "\n" in
          Ring.add ring line;
          let lines = fitting (lines @ [ (n, line) ]) in
          let upto = n - Random.State.int random 9 in
          let forget = Random.State.int random 3 = 0 in
          if forget then Ring.forget ring ~upto;
          let lines = if forget then List.filter (fun (n, _) -> n > upto) lines else lines in
          let most = 15 + Random.State.int random 50 in
          let first, last, given = Ring.oldest_first ring ~most in
          let expected = whole most lines in
          text "lines" (String.concat "" (List.map snd expected)) given;
          number "first" (match lines with [] -> n + 1 | (first, _) :: _ -> first) first;
          number "last" (first + List.length expected - 1) last;
          lines
        in
        ignore (List.fold_left step [] (List.init 5_000 succ) : (int * string) list));
  ]

let ask ?(line = "GET /plain.txt HTTP/1.1") headers =
  Test_respond.accepted (Test_respond.head ~line ("Host: example.org" :: headers))

let logged ?(address = "192.0.2.77") ?(http_2 = false) request response =
  Log_line.format ~address ~time:784_111_777 ~http_2 request response

let line_tests =
  let ok = Response.text 200 "12345" in
  [
    test "cuts addresses" (fun () ->
        let cut address expected = text address expected (Log_line.truncated address) in
        cut "192.0.2.77" "192.0.2.0";
        cut "::ffff:192.0.2.77" "192.0.2.0";
        cut "2001:db8:1:2:3:4:5:6" "2001:db8:1::";
        cut "2001:db8::5:6" "2001:db8::";
        cut "2001::5:6" "2001::";
        cut "::1" "::";
        cut "1:2:3:4:5:6:7::" "1:2:3::";
        cut "" "-");
    test "writes the Combined Log Format" (fun () ->
        let request = ask ~line:"GET /a?b=c HTTP/1.1" [ "Referer: https://a.example/"; "User-Agent: Mozilla/5.0" ] in
        text "whole"
          "192.0.2.77 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b=c HTTP/1.1\" 200 5 \"https://a.example/\" \
           \"Mozilla/5.0\"\n"
          (logged (Some request) ok);
        text "no body" "192.0.2.77 - - [06/Nov/1994:08:49:37 +0000] \"HEAD / HTTP/1.0\" 200 - \"-\" \"-\"\n"
          (logged (Some (ask ~line:"HEAD / HTTP/1.0" [])) (Response.without_body ok));
        text "not understood" "192.0.2.77 - - [06/Nov/1994:08:49:37 +0000] \"-\" 400 4 \"-\" \"-\"\n"
          (logged None (Response.of_error { status = 400; reason = "bad" }));
        text "HTTP/2" "::1 - - [06/Nov/1994:08:49:37 +0000] \"GET /plain.txt HTTP/2.0\" 200 5 \"-\" \"-\"\n"
          (logged ~address:"::1" ~http_2:true (Some (ask [])) ok));
    test "no client breaks out of its field" (fun () ->
        let line = logged (Some (ask [ "User-Agent: a\"b\\c\td\xc3\xa4" ])) ok in
        text "escaped"
          "192.0.2.77 - - [06/Nov/1994:08:49:37 +0000] \"GET /plain.txt HTTP/1.1\" 200 5 \"-\" \
           \"a\\\"b\\\\c\\x09d\\xc3\\xa4\"\n"
          line;
        let long = "/" ^ String.make 5_000 'p' and agent = "User-Agent: " ^ String.make 9_000 '\xff' in
        let line = logged (Some (ask ~line:("GET " ^ long ^ " HTTP/1.1") [ agent ])) ok in
        let empty = logged (Some (ask ~line:"GET / HTTP/1.1" [])) ok in
        number "bounded" (String.length empty + (2_048 - 1) + ((512 * 4) - 1)) (String.length line));
  ]

let site lines = Test_respond.site lines
let client = { Visitors.address = "192.0.2.77"; http_2 = false }

let watched ?(addresses = "full") () =
  let site = site [ Printf.sprintf "access-log %s %s" addresses secret ] in
  let time = ref 784_111_777. in
  let visitors = Visitors.create site.identity ~now:(fun () -> !time) in
  time := !time +. 5.;
  (site, visitors)

let collect ?(query = "") ?(line = "GET") ?(given = "Bearer " ^ secret) (site, visitors) =
  let line = Printf.sprintf "%s %s%s HTTP/1.1" line Visitors.path query in
  Visitors.respond visitors site client (ask ~line [ "Authorization: " ^ given ])

let lines_of (response : Response.t) =
  List.filter (( <> ) "") (String.split_on_char '\n' (Test_respond.body response))

let visit ?(headers = []) ?(line = "GET /plain.txt HTTP/1.1") (site, visitors) =
  ignore (Visitors.respond visitors site client (ask ~line headers) : Response.t)

let boot = "784111777000000"

let visitors_tests =
  [
    test "gives the log and the counters to who knows the secret" (fun () ->
        let ((site, visitors) as watched) = watched () in
        Visitors.connected visitors;
        Visitors.connected visitors;
        Visitors.handshake_failed visitors;
        visit watched;
        visit watched ~headers:[ "If-None-Match: \"plain\"" ];
        visit watched ~line:"GET /nowhere HTTP/1.1";
        ignore (Visitors.redirect visitors site client (ask []) : Response.t);
        ignore (Visitors.refused visitors client { status = 431; reason = "long" } : Response.t);
        let response = collect watched in
        number "status" 200 response.status;
        Test_respond.check_header "log" (Some "no-store") response "cache-control";
        match lines_of response with
        | summary :: lines ->
            text "summary"
              (Printf.sprintf
                 "{\"boot\":\"%s\",\"first\":1,\"last\":5,\"newest\":5,\"uptime\":5,\"requests\":5,\"bytes\":%d,\
                  \"responses\":{\"2xx\":1,\"3xx\":2,\"4xx\":2,\"5xx\":0},\"notModified\":1,\"connections\":2,\
                  \"handshakeFailures\":1}"
                 boot
                 (String.length "body of /plain.txt" + String.length "body of /" + 5
                 + String.length "This page is at https://example.org/plain.txt\n"))
              summary;
            number "lines" 5 (List.length lines)
        | [] -> Alcotest.fail "no summary");
    test "gives on from what was kept, and forgets that" (fun () ->
        let watched = watched () in
        List.iter (fun _ -> visit watched) [ 1; 2; 3 ];
        let count query = List.length (lines_of (collect ~query watched)) - 1 in
        number "all" 3 (count "");
        number "of another start" 3 (count "?after=1-2");
        number "no number" 3 (count ("?after=" ^ boot ^ "-x"));
        number "kept" 1 (count ("?after=" ^ boot ^ "-2"));
        number "gone" 1 (count ""));
    test "is like any missing page to others" (fun () ->
        let watched = watched () in
        let expected = Respond.respond (fst watched) (ask ~line:("GET " ^ Visitors.path ^ " HTTP/1.1") []) in
        number "missing" 404 expected.status;
        let same what response = Alcotest.(check bool) what true (response = expected) in
        same "wrong" (collect watched ~given:("Bearer " ^ String.map (fun _ -> '0') secret));
        same "short" (collect watched ~given:"Bearer 0123");
        same "no scheme" (collect watched ~given:secret);
        number "other methods" 405 (collect watched ~line:"POST").status;
        number "no plain HTTP" 301
          (Visitors.redirect (snd watched) (fst watched) client
             (ask ~line:("GET " ^ Visitors.path ^ " HTTP/1.1") [ "Authorization: Bearer " ^ secret ]))
            .status);
    test "keeps nothing without a secret" (fun () ->
        let site = site [] in
        let off = (site, Visitors.create site.identity ~now:(fun () -> Alcotest.fail "looks at the clock")) in
        visit off;
        number "no such page" 404 (collect off).status);
    test "cuts addresses unless asked" (fun () ->
        let line addresses =
          let watched = watched ~addresses () in
          visit watched;
          String.sub (List.nth (lines_of (collect watched)) 1) 0 11
        in
        text "truncated" "192.0.2.0 -" (line "truncated");
        text "full" "192.0.2.77 " (line "full"));
    test "takes no other settings" (fun () ->
        let refused lines =
          match Identity.parse (Archive.identity ~lines Test_respond.archive) with
          | Error reason ->
              Alcotest.(check bool) "no secret in it" false
                (List.exists (fun word -> String.length word > 40) (String.split_on_char ' ' reason))
          | Ok _ -> Alcotest.fail "taken"
        in
        List.iter refused
          [ [ "access-log on " ^ secret ]; [ "access-log full " ^ secret ^ "0" ]; [ "access-log full" ];
            [ "access-log full " ^ secret; "access-log full " ^ secret ] ]);
  ]

let suites = [ ("ring", ring_tests); ("log line", line_tests); ("visitors", visitors_tests) ]
