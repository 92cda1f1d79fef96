open Mirage_pages

let test name f = Alcotest.test_case name `Quick f

(* Parses what is fed whole and byte by byte, which must be the same. *)
let parse text =
  let result buffer = match Request.next buffer with
    | Request request -> Ok request
    | Incomplete -> Error 0
    | Refused { status; _ } -> Error status
  in
  let whole = Request.create () in
  Request.feed whole (Bytes.of_string text) 0 (String.length text);
  let whole = result whole in
  let drip = Request.create () in
  let rec go i last = match last with
    | Error 0 when i < String.length text ->
        Request.feed drip (Bytes.make 1 text.[i]) 0 1;
        go (i + 1) (result drip)
    | last -> last
  in
  let dripped = go 0 (Error 0) in
  (match (whole, dripped) with
  | Ok a, Ok b when a = b -> ()
  | Error a, Error b when a = b -> ()
  | _ -> Alcotest.failf "%S is parsed otherwise when it comes byte by byte" text);
  whole

let accepted text = match parse text with Ok request -> request | Error status ->
  Alcotest.failf "%S: refused with %d" text status

let status text = match parse text with Ok _ -> 200 | Error status -> status
let head ?(line = "GET / HTTP/1.1") headers = String.concat "\r\n" ((line :: headers) @ [ ""; "" ])
let host = "Host: example.org"

let refusals () =
  List.iter
    (fun (expected, text) -> Alcotest.(check int) (String.escaped text) expected (status text))
    [
      (200, head [ host ]);
      (200, "\r\n\r\n" ^ head [ host ]);
      (0, "GET / HTTP/1.1\r\nHost: a\r\n");
      (0, "");
      (200, head ~line:"GET / HTTP/1.0" []);
      (400, head []);
      (400, head [ host; host ]);
      (400, head [ "Host: a b" ]);
      (400, head [ "Host: a/b" ]);
      (400, head [ "Host: user@example.org" ]);
      (400, head [ "Host: a:b" ]);
      (400, head [ "Host: a:123456" ]);
      (400, head [ "Host: [::1" ]);
      (200, head [ "Host: [::1]:443" ]);
      (200, head [ "Host: example.org:443" ]);
      (200, head [ "Host:" ]);
      (400, "GET / HTTP/1.1\nHost: a\n\n");
      (400, "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n");
      (400, "GET / HTTP/1.1\r\nHost: a\r\nX: \000\r\n\r\n");
      (400, head [ host; " folded" ]);
      (400, head [ host; "\tfolded" ]);
      (400, head [ host; "X : y" ]);
      (400, head [ host; ": y" ]);
      (400, head [ host; "no colon" ]);
      (400, head ~line:"GET /" [ host ]);
      (400, head ~line:"GET  / HTTP/1.1" [ host ]);
      (400, head ~line:"GET / x HTTP/1.1" [ host ]);
      (400, head ~line:"GET x HTTP/1.1" [ host ]);
      (400, head ~line:"G(T / HTTP/1.1" [ host ]);
      (400, head ~line:" / HTTP/1.1" [ host ]);
      (400, head ~line:"GET /\127 HTTP/1.1" [ host ]);
      (400, head ~line:"GET / http/1.1" [ host ]);
      (400, head ~line:"GET / HTTP/11" [ host ]);
      (505, head ~line:"GET / HTTP/2.0" [ host ]);
      (200, head ~line:"GET / HTTP/1.2" [ host ]);
      (400, "\022\003\001\002\000\001\000\001\252\003\003\n");
      (414, "GET /" ^ String.make 9_000 'a');
      (414, head ~line:("GET /" ^ String.make 8_200 'a' ^ " HTTP/1.1") [ host ]);
      (200, head ~line:("GET /" ^ String.make 8_000 'a' ^ " HTTP/1.1") [ host ]);
      (431, head [ host; "X: " ^ String.make 16_400 'a' ]);
      (431, "GET / HTTP/1.1\r\nX: " ^ String.make 20_000 'a');
      (200, head [ host; "X: " ^ String.make 16_000 'a' ]);
      (431, head (host :: List.init 100 (fun i -> Printf.sprintf "X-%d: y" i)));
      (200, head (host :: List.init 99 (fun i -> Printf.sprintf "X-%d: y" i)));
      (400, head [ host; "Content-Length: x" ]);
      (400, head [ host; "Content-Length: -1" ]);
      (400, head [ host; "Content-Length: 1"; "Content-Length: 1" ]);
      (400, head [ host; "Content-Length: 1"; "Transfer-Encoding: chunked" ]);
      (200, head ~line:"OPTIONS * HTTP/1.1" [ host ]);
      (200, head ~line:"CONNECT a:443 HTTP/1.1" [ host ]);
      (400, head ~line:"GET * HTTP/1.1" [ host ]);
    ]

let fields () =
  let request =
    accepted (head ~line:"GET http://Other.org:80/a%20b?c=d?e HTTP/1.1" [ host; "X:  y \t"; "x: z" ]) in
  Alcotest.(check string) "path" "/a%20b" request.path;
  Alcotest.(check (option string)) "query" (Some "c=d?e") request.query;
  Alcotest.(check (option string)) "the target's authority wins" (Some "Other.org:80") request.host;
  Alcotest.(check (option string)) "joined" (Some "y, z") (Request.header request "x");
  let bare = accepted (head ~line:"GET https://other.org?q HTTP/1.1" [ host ]) in
  Alcotest.(check (pair string (option string))) "no path" ("/", Some "q") (bare.path, bare.query)

let keep_alive () =
  List.iter
    (fun (expected, line, headers) ->
      Alcotest.(check bool) (String.concat " " (line :: headers)) expected (accepted (head ~line
        (host :: headers))).keep_alive)
    [
      (true, "GET / HTTP/1.1", []);
      (false, "GET / HTTP/1.1", [ "Connection: close" ]);
      (false, "GET / HTTP/1.1", [ "Connection: x , CLOSE" ]);
      (true, "GET / HTTP/1.1", [ "Connection: closed" ]);
      (false, "GET / HTTP/1.0", []);
      (true, "GET / HTTP/1.0", [ "Connection: Keep-Alive" ]);
      (false, "GET / HTTP/1.0", [ "Connection: keep-alive, close" ]);
    ]

let pipelined () =
  let buffer = Request.create () in
  let text = head ~line:"GET /1 HTTP/1.1" [ host ] ^ head ~line:"GET /2 HTTP/1.1" [ host ] ^ "GET /3 HT" in
  Request.feed buffer (Bytes.of_string text) 0 (String.length text);
  let next () =
    match Request.next buffer with
    | Request { path; _ } -> path
    | Incomplete -> "incomplete"
    | Refused _ -> "refused"
  in
  Alcotest.(check (list string)) "in order" [ "/1"; "/2"; "incomplete" ] (List.init 3 (fun _ -> next ()));
  let rest = "TP/1.1\r\n" ^ host ^ "\r\n\r\n" in
  Request.feed buffer (Bytes.of_string rest) 0 (String.length rest);
  Alcotest.(check string) "the rest" "/3" (next ());
  Alcotest.(check bool) "empty" true (Request.is_empty buffer);
  for i = 1 to 10_000 do
    Request.feed buffer (Bytes.of_string text) 0 (String.length text - 9);
    if next () <> "/1" || next () <> "/2" then Alcotest.failf "round %d" i
  done

let random_heads () =
  let random = Random.State.make [| 7 |] in
  let seed = head ~line:"GET http://a/b?c HTTP/1.1" [ host; "Connection: close"; "If-None-Match: \"x\"" ] in
  for _ = 1 to 20_000 do
    let bytes = Bytes.of_string seed in
    for _ = 0 to Random.State.int random 3 do
      Bytes.set bytes (Random.State.int random (Bytes.length bytes)) (Char.chr (Random.State.int random 256))
    done;
    ignore (parse (Bytes.to_string bytes))
  done

let paths () =
  let show = function Url_path.Path path -> path | Invalid -> "invalid" in
  List.iter
    (fun (path, expected) -> Alcotest.(check string) path expected (show (Url_path.decode path)))
    [
      ("/", "/"); ("/a%20b", "/a b"); ("/%c3%BC", "/\195\188"); ("/a+b", "/a+b"); ("/%2561", "/%61");
      ("/a/./b", "/a/b"); ("/a/../b", "/b"); ("/a/b/..", "/a/"); ("/a/.", "/a/"); ("/.", "/");
      ("/a/%2e%2E/b", "/b"); ("/a%2f..%2fb", "/b"); ("/..", "invalid"); ("/../a", "invalid");
      ("/a/../../b", "invalid"); ("/%2e%2e/etc", "invalid"); ("/a//b", "/a//b");
        ("/.well-known/x", "/.well-known/x");
      ("/a/...", "/a/..."); ("/a/..b", "/a/..b"); ("/a.b/c.", "/a.b/c."); ("/%", "invalid");
        ("/%a", "invalid");
      ("/%zz", "invalid"); ("/%00", "invalid"); ("", "invalid"); ("a", "invalid"); ("*", "invalid");
    ]

let archive = Archive.site
    [
      ("!\t/\t404", "\"nope\"\ttext/html");
      ("=\t/\t200", "\"root\"\ttext/html; charset=utf-8");
      ("=\t/docs\t301", "-\t-\tLocation: /docs/");
      ("=\t/frag\t302", "-\t-\tLocation: /a?b#c");
      ("=\t/own\t200", "\"own\"\ttext/html\tX-Content-Type-Options: sniff\tCache-Control: no-cache");
    ]

let site lines =
  match Identity.parse (Archive.identity ~lines archive) with
  | Error reason -> Alcotest.fail reason
  | Ok identity ->
      let rec run = function
        | Site.Opened site -> site
        | Site.Malformed reason -> Alcotest.fail reason
        | Site.Read { offset; length; continue } -> run (continue (String.sub archive offset length))
      in
      run (Site.open_ identity ~device_size:(String.length archive))

let plain = site []
let ask ?(site = plain) ?(meth = "GET") ?(headers = [ host ]) target =
  Respond.respond site (accepted (head ~line:(Printf.sprintf "%s %s HTTP/1.1" meth target) headers))

let header (response : Response.t) name =
  List.find_map (fun (other, value) -> if String.lowercase_ascii other = name then
    Some value else None) response.headers

let check_header what expected response name =
  Alcotest.(check (option string)) (what ^ ": " ^ name) expected (header response name)

let responses () =
  let check what expected (response : Response.t) = Alcotest.(check int) what expected response.status in
  let root = ask "/" in
  check "/" 200 root;
  check_header "/" (Some "\"root\"") root "etag";
  check_header "/" (Some "nosniff") root "x-content-type-options";
  check_header "/" (Some "text/html; charset=utf-8") root "content-type";
  check_header "/" None root "strict-transport-security";
  (match root.body with
  | Range { offset; length } -> Alcotest.(check string) "body" "body of /" (String.sub archive offset length)
  | _ -> Alcotest.fail "no body");
  let head = ask ~meth:"HEAD" "/" in
  Alcotest.(check (pair int bool)) "HEAD" (root.length, true) (head.length, head.body = Empty);
  Alcotest.(check bool) "HEAD has the headers of GET" true (head.headers = root.headers);
  let missing = ask "/docs/missing" in
  check "missing" 404 missing;
  check_header "missing" (Some "\"nope\"") missing "etag";
  check "a missing page never is unchanged" 404 (ask "/x" ~headers:[ host; "If-None-Match: *" ]);
  check_header "redirect" (Some "/docs/?a=b") (ask "/docs?a=b") "location";
  check_header "redirect without query" (Some "/docs/") (ask "/docs") "location";
  check_header "redirect with query and fragment" (Some "/a?b&d#c") (ask "/frag?d") "location";
  check "bad encoding" 400 (ask "/%zz");
  let post = ask ~meth:"POST" "/" in
  check "POST" 405 post;
  check_header "POST" (Some "GET, HEAD") post "allow";
  let body = ask ~headers:[ host; "Content-Length: 5" ] "/" in
  check "GET with a body" 413 body;
  Alcotest.(check bool) "ends the connection" true body.close;
  check "GET with an empty body" 200 (ask ~headers:[ host; "Content-Length: 0" ] "/");
  check "OPTIONS *" 405 (ask ~meth:"OPTIONS" "*");
  let own = ask "/own" in
  check_header "an own header" (Some "sniff") own "x-content-type-options";
  Alcotest.(check int) "stands once" 1 (List.length (List.filter (fun (name, _) -> name =
    "X-Content-Type-Options") own.headers));
  let strict = site [ "hsts max-age=1" ] in
  check_header "hsts" (Some "max-age=1") (ask ~site:strict "/") "strict-transport-security";
  check_header "hsts on 404" (Some "max-age=1") (ask ~site:strict "/x") "strict-transport-security";
  Alcotest.(check bool) "Connection: close" true (ask ~headers:[ host; "Connection: close" ] "/").close

let status_page () =
  let page = ask "/.well-known/mirage-pages" in
  check_header "status" (Some "no-store") page "cache-control";
  check_header "status" (Some "application/json") page "content-type";
  match page.body with
  | Text text ->
    Alcotest.(check string) "json" ("{\"release\":12,\"archive\":\"" ^ String.make 64 'a' ^ "\"}\n") text
  | _ -> Alcotest.fail "no body"

let hosts () =
  let named = site [ "names example.org www.example.org" ] in
  List.iter
    (fun (expected, host) ->
      Alcotest.(check int) host expected (ask ~site:named ~headers:[ "Host: " ^ host ] "/").status)
    [ (200, "example.org"); (200, "WWW.Example.org:443"); (421, "other.org"); (421, ""); (421, "127.0.0.1") ];
  Alcotest.(check int) "the status page is for every host" 200
    (ask ~site:named ~headers:[ "Host: 127.0.0.1" ] "/.well-known/mirage-pages").status

let unchanged () =
  List.iter
    (fun (expected, value) ->
      Alcotest.(check int) value expected (ask ~headers:[ host; "If-None-Match: " ^ value ] "/").status)
    [
      (304, "\"root\""); (304, "W/\"root\""); (304, "*"); (304, "\"x\", \"root\"");
        (304, "\"a,b\",W/\"root\"");
      (200, "\"roo\""); (200, "root"); (200, "\"root"); (200, ""); (200, "\"x\" \"y\"");
        (200, "w/\"root\""); (200, "\"*\"");
    ];
  let response = ask ~headers:[ host; "If-None-Match: *" ] "/own" in
  check_header "304" (Some "no-cache") response "cache-control";
  check_header "304" (Some "\"own\"") response "etag";
  check_header "304" None response "content-type"

let redirects () =
  let check ?(site = plain) ?(line = "GET /a%20b?c=d HTTP/1.1") what status location headers =
    let response = Respond.redirect site (accepted (head ~line headers)) in
    Alcotest.(check int) what status response.Response.status;
    check_header what location response "location"
  in
  check "GET" 301 (Some "https://example.org/a%20b?c=d") [ host ];
  check "port" 301 (Some "https://example.org/a%20b?c=d") [ "Host: Example.org:8080" ];
  check "IPv6" 301 (Some "https://[::1]/a%20b?c=d") [ "Host: [::1]:80" ];
  check "HEAD" ~line:"HEAD / HTTP/1.1" 301 (Some "https://example.org/") [ host ];
  check "POST" ~line:"POST /x HTTP/1.1" 308 (Some "https://example.org/x") [ host ];
  check "no host" ~line:"GET / HTTP/1.0" 400 None [];
  check "empty host" 400 None [ "Host:" ];
  check "no path" ~line:"OPTIONS * HTTP/1.1" 400 None [ host ];
  let challenged = site [ "names example.org"; "challenge https://answer.example" ] in
  let challenge ?(meth = "GET") ?(headers = [ "Host: new-alias.org" ]) path status location =
    check ~site:challenged ~line:(Printf.sprintf "%s %s HTTP/1.1" meth path) path status (Some location) headers
  in
  let path = "/.well-known/acme-challenge/a-Z_09" in
  challenge path 302 ("https://answer.example" ^ path);
  challenge ~meth:"HEAD" path 302 ("https://answer.example" ^ path);
  challenge (path ^ "?x=y") 302 ("https://answer.example" ^ path);
  check ~site:challenged ~line:("GET " ^ path ^ " HTTP/1.0") "a challenge without a host" 302
    (Some ("https://answer.example" ^ path)) [];
  challenge ~meth:"POST" path 308 ("https://new-alias.org" ^ path);
  challenge (path ^ "/x") 301 ("https://new-alias.org" ^ path ^ "/x");
  challenge (path ^ "%2e") 301 ("https://new-alias.org" ^ path ^ "%2e");
  challenge "/.well-known/acme-challenge/" 301 "https://new-alias.org/.well-known/acme-challenge/";
  check ~line:("GET " ^ path ^ " HTTP/1.1") "no challenge URL" 301 (Some ("https://example.org" ^ path)) [ host ]

let heads () =
  let text response = Response.head response ~date:"D" ~http_1_0:false in
  let lines response = String.split_on_char '\n' (text response) in
  Alcotest.(check string) "whole"
    ("HTTP/1.1 404 Not Found\r\nDate: D\r\nContent-Type: text/plain; charset=utf-8\r\n"
    ^ "X-Content-Type-Options: nosniff\r\nContent-Length: 1\r\nConnection: close\r\n\r\n")
    (text (Response.text ~close:true 404 "x"));
  let not_modified = ask ~headers:[ host; "If-None-Match: *" ] "/" in
  Alcotest.(check bool) "a 304 tells no length" false
    (List.exists (fun line -> String.length line > 14 && String.sub line 0 14 =
      "Content-Length") (lines not_modified));
  Alcotest.(check bool) "HTTP/1.0 is told of keep-alive" true
    (List.mem "Connection: keep-alive\r" (String.split_on_char '\n' (Response.head
      (ask "/") ~date:"D" ~http_1_0:true)))

let dates () =
  List.iter
    (fun (seconds, expected) -> Alcotest.(check string) expected expected (Http_date.format seconds))
    [
      (0, "Thu, 01 Jan 1970 00:00:00 GMT");
      (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT");
      (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT");
      (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT");
      (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT");
    ]

let suites =
  [
    ( "request",
      [
        test "refused and accepted" refusals;
        test "fields" fields;
        test "keep-alive" keep_alive;
        test "pipelined" pipelined;
        test "flipped bytes" random_heads;
      ] );
    ("path", [ test "decode" paths ]);
    ( "respond",
      [
        test "responses" responses;
        test "status page" status_page;
        test "hosts" hosts;
        test "If-None-Match" unchanged;
        test "redirects to https" redirects;
        test "heads" heads;
      ] );
    ("date", [ test "format" dates ]);
  ]
