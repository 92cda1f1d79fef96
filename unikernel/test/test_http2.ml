open Mirage_pages

let of_http2 ?(meth = "GET") ?(path = "/") ?(authority = Some "example.org") headers =
  Request.of_http2 ~meth ~path ~authority ~headers

let accepted = function
  | Ok request -> request
  | Error { Request.status; reason } -> Alcotest.failf "refused with %d: %s" status reason

let status = function Ok (_ : Request.t) -> 200 | Error { Request.status; _ } -> status

let fields () =
  let request = accepted (of_http2 ~path:"/a%20b?c=d" ~authority:(Some "Example.org:443") [ ("accept", "*/*") ]) in
  Alcotest.(check string) "path" "/a%20b" request.path;
  Alcotest.(check (option string)) "query" (Some "c=d") request.query;
  Alcotest.(check (option string)) "host" (Some "Example.org:443") request.host;
  Alcotest.(check (option string)) "header" (Some "*/*") (Request.header request "accept");
  Alcotest.(check bool) "the connection goes on" true (request.keep_alive && not request.has_body);
  let head = accepted (of_http2 ~meth:"HEAD" []) in
  Alcotest.(check bool) "HEAD" true (head.meth = Head)

let many count = List.init count (fun i -> (Printf.sprintf "x-%d" i, "v"))

let refusals () =
  List.iteri
    (fun i (expected, request) -> Alcotest.(check int) (string_of_int i) expected (status request))
    [
      (200, of_http2 []);
      (200, of_http2 ~meth:"OPTIONS" ~path:"*" []);
      (400, of_http2 ~path:"*" []);
      (400, of_http2 ~meth:"" []);
      (400, of_http2 ~meth:"G T" []);
      (400, of_http2 ~path:"" []);
      (400, of_http2 ~path:"a" []);
      (400, of_http2 ~path:"/a b" []);
      (400, of_http2 ~path:"/a\r\nb" []);
      (400, of_http2 ~path:"https://example.org/" []);
      (200, of_http2 ~path:("/" ^ String.make (Request.max_line - 1) 'a') []);
      (414, of_http2 ~path:("/" ^ String.make Request.max_line 'a') []);
      (400, of_http2 ~authority:None []);
      (400, of_http2 ~authority:(Some "a/b") []);
      (400, of_http2 ~authority:(Some "user@example.org") []);
      (200, of_http2 ~authority:None [ ("host", "example.org") ]);
      (200, of_http2 [ ("host", "EXAMPLE.org") ]);
      (400, of_http2 [ ("host", "other.org") ]);
      (400, of_http2 ~authority:None [ ("host", "a"); ("host", "a") ]);
      (431, of_http2 [ ("x", String.make Request.max_headers 'a') ]);
      (200, of_http2 (many Request.max_header_count));
      (431, of_http2 (many (Request.max_header_count + 1)));
    ]

let test name f = Alcotest.test_case name `Quick f
let suites = [ ("HTTP/2", [ test "fields" fields; test "refused and accepted" refusals ]) ]
