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
  let show = function Url_path.Path path -> path | Moved path -> "> " ^ path | Invalid -> "invalid" in
  List.iter
    (fun (path, expected) -> Alcotest.(check string) path expected (show (Url_path.decode path)))
    [
      ("/", "/"); ("/a%20b", "/a b"); ("/%c3%BC", "/\195\188"); ("/a+b", "/a+b"); ("/%2561", "/%61");
      ("/a/./b", "> /a/b"); ("/a/../b", "> /b"); ("/a/b/..", "> /a/"); ("/a/.", "> /a/"); ("/.", "> /");
      ("/a/%2e%2E/b", "> /b"); ("/a%2f..%2fb", "> /b"); ("/..", "invalid"); ("/../a", "invalid");
      ("/a/../../b", "invalid"); ("/%2e%2e/etc", "invalid"); ("/a//b", "> /a/b"); ("//", "> /"); ("/a//", "> /a/"); ("/a%2F%2Fb", "> /a/b");
        ("/.well-known/x", "/.well-known/x");
      ("/a/...", "/a/..."); ("/a/..b", "/a/..b"); ("/a.b/c.", "/a.b/c."); ("/%", "invalid");
        ("/%a", "invalid");
      ("/%zz", "invalid"); ("/%00", "invalid"); ("", "invalid"); ("a", "invalid"); ("*", "invalid");
    ]

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
    ("date", [ test "format" dates ]);
  ]
