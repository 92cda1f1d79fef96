open Mirage_pages

let test name f = Alcotest.test_case name `Quick f
let host = "Host: example.org"
let head ?(line = "GET / HTTP/1.1") headers = String.concat "\r\n" ((line :: headers) @ [ ""; "" ])

let accepted text =
  let buffer = Request.create () in
  Request.feed buffer (Bytes.of_string text) 0 (String.length text);
  match Request.next buffer with
  | Request request -> request
  | Incomplete -> Alcotest.failf "%S is incomplete" text
  | Refused { status; _ } -> Alcotest.failf "%S: refused with %d" text status

let page = Archive.page

let entries =
  [
    page "/" "root" ~headers:[ "X-Content-Type-Options: nosniff" ];
    page "/about" "about" ~headers:[ "Cache-Control: no-cache"; "Vary: Accept-Encoding"; "Access-Control-Allow-Origin: *" ]
      ~encoded:[ ("br", "about-br", "bb"); ("gzip", "about-gz", "ggg"); ("zstd", "about-zs", "zzzz") ];
    page "/docs/" "docs"; Archive.moved "/frag" "/a?b#c"; Archive.moved ~status:302 "/frag2" "/a#c";
    page ~content_type:"text/plain" "/gr\195\188\195\159e.txt" "gruesse"; page ~content_type:"text/plain" "/plain.txt" "plain";
    page "/x.html" "x";
  ]

let archive = Archive.site ~fallbacks:[ page ~status:404 "/" "nope" ~headers:[ "X-Miss: yes" ] ]
    ~policies:[ "html-handling\tauto-trailing-slash" ] entries

let site ?(archive = archive) lines =
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

let ask ?(site = plain) ?(meth = "GET") ?(headers = []) target =
  let headers = if List.exists (fun line -> String.sub line 0 5 = "Host:") headers then headers else host :: headers in
  Respond.respond site (accepted (head ~line:(Printf.sprintf "%s %s HTTP/1.1" meth target) headers))

let header = Response.header

let check_header what expected response name =
  Alcotest.(check (option string)) (what ^ ": " ^ name) expected (header response name)

let check what expected (response : Response.t) = Alcotest.(check int) what expected response.status

let body ?(archive = archive) (response : Response.t) =
  String.concat ""
    (List.map
       (function Response.Text text -> text | Range { offset; length } -> String.sub archive offset length)
       response.body)

let date = "Sun, 06 Nov 1994 08:49:37 GMT"

let pages () =
  let root = ask "/" in
  check "/" 200 root;
  check_header "/" (Some "\"root\"") root "etag";
  check_header "/" (Some date) root "last-modified";
  check_header "/" (Some "bytes") root "accept-ranges";
  check_header "/" (Some "nosniff") root "x-content-type-options";
  check_header "/" (Some "text/html; charset=utf-8") root "content-type";
  check_header "/" None root "strict-transport-security";
  Alcotest.(check string) "body" (Archive.body_of "/") (body root);
  let head = ask ~meth:"HEAD" "/" in
  Alcotest.(check (pair int bool)) "HEAD" (root.length, true) (head.length, head.body = []);
  Alcotest.(check bool) "HEAD has the headers of GET" true (Response.headers head = Response.headers root);
  let missing = ask "/docs/missing" in
  check "missing" 404 missing;
  Alcotest.(check string) "missing" (Archive.body_of "/") (body missing);
  check_header "missing" (Some "yes") missing "x-miss";
  check "a missing page never is unchanged" 404 (ask "/x/y" ~headers:[ "If-None-Match: *" ]);
  check "nor a part" 404 (ask "/x/y" ~headers:[ "Range: bytes=0-1" ]);
  check "bad encoding" 400 (ask "/%zz");
  check "Unicode" 200 (ask "/gr%C3%BC%c3%9fe.txt");
  Alcotest.(check bool) "Connection: close" true (ask ~headers:[ "Connection: close" ] "/").close

let methods () =
  let post = ask ~meth:"POST" "/" in
  check "POST" 405 post;
  check_header "POST" (Some "GET, HEAD, OPTIONS") post "allow";
  let with_body = ask ~headers:[ "Content-Length: 5" ] "/" in
  check "GET with a body" 413 with_body;
  Alcotest.(check bool) "ends the connection" true with_body.close;
  check "POST with a body" 405 (ask ~meth:"POST" ~headers:[ "Content-Length: 5" ] "/");
  check "GET with an empty body" 200 (ask ~headers:[ "Content-Length: 0" ] "/");
  let options = ask ~meth:"OPTIONS" "*" in
  check "OPTIONS *" 204 options;
  check_header "OPTIONS *" (Some "GET, HEAD, OPTIONS") options "allow";
  let options = ask ~meth:"OPTIONS" "/about" in
  check "OPTIONS" 204 options;
  check_header "OPTIONS" (Some "*") options "access-control-allow-origin";
  check_header "OPTIONS" None options "etag"

let normal_forms () =
  List.iter
    (fun (target, status, location) ->
      let response = ask target in
      check target status response;
      check_header target location response "location")
    [
      ("/x.html", 200, None); ("/about.html", 301, Some "/about"); ("/about/?q=1", 301, Some "/about?q=1");
      ("/about/index", 301, Some "/about"); ("/docs", 301, Some "/docs/"); ("/docs/index.html", 301, Some "/docs/");
      ("/docs.html", 301, Some "/docs/"); ("/index.html", 301, Some "/"); ("/index", 301, Some "/");
      ("/plain.txt/", 404, None); ("/plain", 404, None); ("//about", 301, Some "/about");
      ("/a/../about?q", 301, Some "/about?q"); ("/./about", 301, Some "/about");
      ("/%2e%2e/x", 400, None); ("//gr%c3%bc%C3%9fe.txt", 301, Some "/gr%C3%BC%C3%9Fe.txt");
      ("//missing//", 404, None); ("/%61bout", 200, None); ("/frag?d", 301, Some "/a?b#c");
      ("/frag2?d", 302, Some "/a?d#c"); ("/frag2", 302, Some "/a#c");
    ]

let codings () =
  List.iter
    (fun (accept, coding, tag) ->
      let response = ask "/about" ~headers:[ "Accept-Encoding: " ^ accept ] in
      check_header accept coding response "content-encoding";
      check_header accept (Some tag) response "etag";
      check_header accept (Some "Accept-Encoding") response "vary")
    [
      ("gzip", Some "gzip", "\"about-gz\""); ("gzip, deflate, br, zstd", Some "br", "\"about-br\"");
      ("x-gzip", Some "gzip", "\"about-gz\""); ("GZIP", Some "gzip", "\"about-gz\"");
      ("br;q=0.1, gzip;q=0.5", Some "gzip", "\"about-gz\""); ("br;q=0, *", Some "gzip", "\"about-gz\"");
      ("*", Some "br", "\"about-br\""); ("identity", None, "\"about\""); ("", None, "\"about\"");
      ("deflate", None, "\"about\""); ("gzip;q=0", None, "\"about\""); ("*;q=0", None, "\"about\"");
      ("identity;q=1, gzip;q=0.5", None, "\"about\""); ("gzip;q=2", None, "\"about\"");
      ("zstd;q=1.000, br;q=0.999", Some "zstd", "\"about-zs\""); (";q=1,,gzip", Some "gzip", "\"about-gz\"");
    ];
  check_header "none said" None (ask "/about") "content-encoding";
  Alcotest.(check string) "the form's bytes" "ggg" (body (ask "/about" ~headers:[ "Accept-Encoding: gzip" ]));
  let gzip = "Accept-Encoding: gzip" in
  check "its own tag" 304 (ask "/about" ~headers:[ gzip; "If-None-Match: \"about-gz\"" ]);
  check "another form's tag" 200 (ask "/about" ~headers:[ gzip; "If-None-Match: \"about\"" ]);
  let part = ask "/about" ~headers:[ gzip; "Range: bytes=1-" ] in
  check_header "a part of a form" (Some "bytes 1-2/3") part "content-range";
  check_header "a part of a form" (Some "gzip") part "content-encoding"

let conditions () =
  List.iter
    (fun (expected, headers) -> check (String.concat ", " headers) expected (ask ~headers "/"))
    [
      (304, [ "If-None-Match: \"root\"" ]); (304, [ "If-None-Match: W/\"root\"" ]); (304, [ "If-None-Match: *" ]);
      (304, [ "If-None-Match: \"x\", \"root\"" ]); (304, [ "If-None-Match: \"a,b\",W/\"root\"" ]);
      (200, [ "If-None-Match: \"roo\"" ]); (200, [ "If-None-Match: root" ]); (200, [ "If-None-Match: \"root" ]);
      (200, [ "If-None-Match:" ]); (200, [ "If-None-Match: \"x\" \"y\"" ]); (200, [ "If-None-Match: w/\"root\"" ]);
      (200, [ "If-None-Match: \"*\"" ]); (304, [ "If-Modified-Since: " ^ date ]);
      (304, [ "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT" ]); (304, [ "If-Modified-Since: Sun Nov  6 08:49:38 1994" ]);
      (200, [ "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT" ]); (200, [ "If-Modified-Since: yesterday" ]);
      (200, [ "If-None-Match: \"x\""; "If-Modified-Since: " ^ date ]); (200, [ "If-Match: \"root\"" ]); (200, [ "If-Match: *" ]);
      (412, [ "If-Match: \"x\"" ]); (412, [ "If-Match: W/\"root\"" ]); (412, [ "If-Match: \"x\""; "If-None-Match: *" ]);
      (304, [ "If-Match: \"root\""; "If-None-Match: \"root\"" ]); (200, [ "If-Unmodified-Since: " ^ date ]);
      (412, [ "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT" ]);
      (200, [ "If-Match: \"root\""; "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT" ]);
    ];
  let unchanged = ask ~headers:[ "If-None-Match: *" ] "/about" in
  check_header "304" (Some "no-cache") unchanged "cache-control";
  check_header "304" (Some "\"about\"") unchanged "etag";
  check_header "304" (Some "Accept-Encoding") unchanged "vary";
  check_header "304" None unchanged "content-type"

let ranges () =
  let size = String.length (Archive.body_of "/") in
  List.iter
    (fun (range, headers, status, expected) ->
      let response = ask ~headers:(("Range: " ^ range) :: headers) "/" in
      check range status response;
      check_header range expected response "content-range")
    [
      ("bytes=0-0", [], 206, Some (Printf.sprintf "bytes 0-0/%d" size));
      ("Bytes = 2-3", [], 206, Some (Printf.sprintf "bytes 2-3/%d" size));
      ("bytes=5-", [], 206, Some (Printf.sprintf "bytes 5-%d/%d" (size - 1) size));
      ("bytes=-2", [], 206, Some (Printf.sprintf "bytes %d-%d/%d" (size - 2) (size - 1) size));
      ("bytes=-999", [], 206, Some (Printf.sprintf "bytes 0-%d/%d" (size - 1) size));
      ("bytes=0-999", [], 206, Some (Printf.sprintf "bytes 0-%d/%d" (size - 1) size));
      ("bytes=999-", [], 416, Some (Printf.sprintf "bytes */%d" size));
      ("bytes=-0", [], 416, Some (Printf.sprintf "bytes */%d" size)); ("bytes=3-2", [], 200, None);
      ("bytes=", [], 200, None); ("bytes=a-b", [], 200, None); ("bytes=1", [], 200, None); ("lines=0-1", [], 200, None);
      ("bytes=0-99999999999999999999", [], 200, None); ("bytes=0-1,0-", [], 200, None);
      ("bytes=" ^ String.concat "," (List.init 17 (fun _ -> "0-0")), [], 200, None);
      ("bytes=0-0", [ "If-Range: \"root\"" ], 206, Some (Printf.sprintf "bytes 0-0/%d" size));
      ("bytes=0-0", [ "If-Range: W/\"root\"" ], 200, None); ("bytes=0-0", [ "If-Range: \"x\"" ], 200, None);
      ("bytes=0-0", [ "If-Range: " ^ date ], 206, Some (Printf.sprintf "bytes 0-0/%d" size));
      ("bytes=0-0", [ "If-Range: Sun, 06 Nov 1994 08:49:38 GMT" ], 200, None);
      ("bytes=0-0", [ "If-None-Match: \"root\"" ], 304, None);
    ];
  Alcotest.(check string) "a part" "dy" (body (ask ~headers:[ "Range: bytes=2-3" ] "/"));
  check "HEAD has no parts" 200 (ask ~meth:"HEAD" ~headers:[ "Range: bytes=0-0" ] "/");
  let parts = ask ~headers:[ "Range: bytes=0-1, -1, 900-" ] "/" in
  check "parts" 206 parts;
  check_header "parts" (Some "multipart/byteranges; boundary=mirage-pages-root") parts "content-type";
  let part range text =
    Printf.sprintf "\r\n--mirage-pages-root\r\nContent-Type: text/html; charset=utf-8\r\nContent-Range: bytes %s/%d\r\n\r\n%s"
      range size text
  in
  Alcotest.(check string) "parts"
    (part "0-1" "bo" ^ part (Printf.sprintf "%d-%d" (size - 1) (size - 1)) "/" ^ "\r\n--mirage-pages-root--\r\n")
    (body parts);
  Alcotest.(check int) "their length" (String.length (body parts)) parts.length

let status_page () =
  let page = ask "/.well-known/mirage-pages" in
  check_header "status" (Some "no-store") page "cache-control";
  check_header "status" (Some "application/json") page "content-type";
  Alcotest.(check string) "json" ("{\"release\":12,\"archive\":\"" ^ String.make 64 'a' ^ "\"}\n") (body page)

let hosts () =
  let names = "names example.org www.example.org" in
  let ask policy host target =
    let archive = Archive.site ~policies:([ "html-handling\tauto-trailing-slash" ] @ policy) entries in
    ask ~site:(site ~archive [ names; "hsts max-age=1" ]) ~headers:[ "Host: " ^ host ] target
  in
  let check_host policy host target status location =
    let response = ask policy host target in
    check host status response;
    check_header host location response "location";
    check_header host (Some "max-age=1") response "strict-transport-security"
  in
  check_host [] "example.org" "/" 200 None;
  check_host [] "EXAMPLE.org:443" "/" 200 None;
  check_host [] "example.org." "/" 200 None;
  check_host [] "www.example.org" "/a?b" 301 (Some "https://example.org/a?b");
  check_host [] "WWW.example.org" "/about.html?b" 301 (Some "https://example.org/about?b");
  List.iter (fun host -> check_host [] host "/" 421 None) [ "other.org"; ""; "127.0.0.1" ];
  check_host [ "canonical-host\tany" ] "www.example.org" "/" 200 None;
  check_host [ "canonical-host\twww.example.org" ] "example.org" "/" 301 (Some "https://www.example.org/");
  check_host [ "canonical-host\tother.org" ] "www.example.org" "/" 200 None;
  check "the status page is for every host" 200 (ask [] "127.0.0.1" "/.well-known/mirage-pages");
  let policy value = site ~archive:(Archive.site ~policies:[ "hsts\t" ^ value ] entries) in
  let sent site = header (Respond.respond site (accepted (head [ host ]))) "strict-transport-security" in
  Alcotest.(check (option string)) "the site's own value" (Some "max-age=2") (sent (policy "max-age=2" [ "hsts max-age=1" ]));
  Alcotest.(check (option string)) "none wished" None (sent (policy "off" [ "hsts max-age=1" ]));
  Alcotest.(check (option string)) "none allowed" None (sent (policy "max-age=2" []))

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


let rules_site ?(lines = []) ?header_rules rules = 
  let archive = Archive.site ~policies:[ "html-handling\tauto-trailing-slash" ] ~sets:[ ""; "X-Rule: yes" ] ~rules ?header_rules entries in
  site ~archive lines

let rules () =
  let rules =
    [
      "-\t-\t/old/*\t301\t1\t/new/{splat}"; "-\t-\t/blog/:year/:slug\t302\t0\t/posts/{year}-{slug}?from=blog";
      "-\t-\t/app/*\t200\t0\t/about"; "!\t-\t/plain.txt\t302\t0\t/forced"; "-\t-\t/docs/*\t302\t0\t/never";
      "-\t-\t/gone/*\t410\t0\t/x.html"; "-\twww.example.org\t/h/*\t301\t0\thttps://example.org/{splat}";
      "-\t-\t/shop\t302\t0\t/item/{id}\tquery id {id}"; "-\t-\t/shop\t302\t0\t/sale\tquery sale yes";
      "-\t-\t/de\t302\t0\t/de/\tlanguage de,at"; "-\t-\t/beta\t200\t0\t/about\tcookie beta,nf";
      "-\t-\t/loop/*\t301\t0\t/loop/{splat}"; "-\t-\t/join*\t301\t0\t/{splat}"; "-\t-\t/files/:name\t200\t0\t/{name}";
      "-\t-\t/hash\t302\t0\t/a#b";
    ]
  in
  let site = rules_site rules in
  List.iter
    (fun (target, headers, status, location) ->
      let response = ask ~site ~headers target in
      check target status response;
      check_header target location response "location")
    [
      ("/old/a%20b/c?q", [], 301, Some "/new/a%20b/c?q"); ("/old", [], 301, Some "/new/"); ("/older", [], 404, None);
      ("/blog/2024/x%2525?q", [], 302, Some "/posts/2024-x%2525?from=blog"); ("/blog/2024/x/", [], 302, Some "/posts/2024-x?from=blog");
      ("/blog/2024", [], 404, None); ("/app/deep/er", [], 200, None); ("/plain.txt", [], 302, Some "/forced");
      ("/docs/", [], 200, None); ("/docs", [], 301, Some "/docs/"); ("/docs/y", [], 302, Some "/never"); ("/gone/x", [], 410, None);
      ("/h/x", [], 404, None); ("/h/x", [ "Host: www.example.org" ], 301, Some "https://example.org/x");
      ("/shop?id=1%202", [], 302, Some "/item/1%202?id=1%202"); ("/shop?sale=yes", [], 302, Some "/sale?sale=yes");
      ("/shop?sale=no", [], 404, None); ("/shop", [], 404, None); ("/de", [ "Accept-Language: en;q=0.5, de-AT" ], 302, Some "/de/");
      ("/de", [ "Accept-Language: en, de;q=0.9" ], 404, None); ("/beta", [ "Cookie: a=b; beta=" ], 200, None); ("/beta", [], 404, None);
      ("/loop/x", [], 404, None); ("/join/evil.example", [], 301, Some "/evil.example"); ("/files/about", [], 200, None);
      ("/files/plain.txt", [], 200, None); ("/files/none", [], 404, None); ("/hash?q", [], 302, Some "/a?q#b");
    ];
  check_header "a rule's headers" (Some "yes") (ask ~site "/old/x") "x-rule";
  check_header "a condition that decides" (Some "Accept-Language") (ask ~site "/de") "vary";
  check_header "beside the codings" (Some "Accept-Encoding, Cookie") (ask ~site "/beta" ~headers:[ "Cookie: nf=1" ]) "vary";
  check_header "a rewrite's form" (Some "gzip") (ask ~site "/app/x" ~headers:[ "Accept-Encoding: gzip" ]) "content-encoding"

let header_rules () =
  let header_rules =
    [
      "miss\t-\t/*\tX-All: 1\tX-Content-Type-Options: sniff"; "miss\t-\t/deep/*\tX-All: 2\t!Content-Type";
      "miss\t-\t/movies/:title\tX-Movie: watch \":title\" at 1:30 :other";
      "all\texample.org\t/*\tX-Host: yes\t!X-Content-Type-Options";
    ]
  in
  let site = rules_site [ "-\t-\t/app/*\t200\t0\t/" ] ~header_rules in
  let deep = ask ~site "/deep/missing" in
  check "deep" 404 deep;
  check_header "joined" (Some "1, 2") deep "x-all";
  check_header "removed" None deep "content-type";
  check_header "by host" (Some "yes") deep "x-host";
  check_header "the last one decides" None deep "x-content-type-options";
  let page = ask ~site "/" in
  check_header "not where an entry answers" None page "x-all";
  check_header "but by host" (Some "yes") page "x-host";
  check_header "removed by host" None page "x-content-type-options";
  check_header "a capture" (Some "watch \"Gr%C3%BC\" at 1:30 :other") (ask ~site "/movies/Gr%c3%bc") "x-movie";
  let other = ask ~site ~headers:[ "Host: other.org" ] "/app/x" in
  check_header "a rewrite" (Some "1") other "x-all";
  check_header "a rewrite" (Some "sniff") other "x-content-type-options";
  check_header "another host" None other "x-host"

let patterns () =
  let show pattern path =
    match Option.map (fun p -> Pattern.matches p path) (Pattern.parse pattern) with
    | None -> "broken"
    | Some None -> "no"
    | Some (Some names) ->
        String.concat " " (List.map (fun (name, value) -> name ^ "=" ^ value) (List.sort compare names))
  in
  List.iter (fun (pattern, path, expected) -> Alcotest.(check string) (pattern ^ " " ^ path) expected (show pattern path))
    Pattern_cases.all

let suites =
  [
    ( "respond",
      [
        test "pages" pages;
        test "methods" methods;
        test "normal forms and other names" normal_forms;
        test "codings" codings;
        test "conditions" conditions;
        test "ranges" ranges;
        test "status page" status_page;
        test "hosts" hosts;
        test "redirects to https" redirects;
        test "heads" heads;
      ] );
    ("rules", [ test "patterns" patterns; test "redirects and rewrites" rules; test "headers" header_rules ]);
  ]
