(* What comes from outside, or from a disk that may be damaged: whatever it holds, the answer is a value of
   the declared type, nothing is read outside the archive, and no path leads out of the site. *)
open Mirage_pages

let test name rounds check = Alcotest.test_case name `Quick (Mutate.each rounds check)
let pick = Mutate.pick

(* Paths *)

let path_words =
  [ "/"; "//"; "."; ".."; "/.."; "/../"; "/./"; "%2e"; "%2E%2e"; "%2f"; "%2F.."; "%5c"; "\\"; "%00"; "%"; "%0d%0a"; "%c0%ae";
    "%ff"; "e\204\129"; "%C3%A9"; "docs"; "index.html"; ".html"; "old/"; ".well-known/acme-challenge/"; "?"; "#"; ";" ]

let check_inside path =
  if path = "" || path.[0] <> '/' then Alcotest.failf "%S does not begin with a slash" path;
  if String.contains path '\000' then Alcotest.failf "%S holds a NUL" path;
  match List.rev (List.tl (String.split_on_char '/' path)) with
  | [] -> ()
  | last :: others ->
      if List.exists (fun segment -> segment = "." || segment = "..") (last :: others) then
        Alcotest.failf "%S has a dot segment" path;
      if List.mem "" others then Alcotest.failf "%S has an empty segment" path

let paths random =
  let raw = Mutate.text random ~words:path_words (pick random [ "/"; "/docs/a%20b"; "/a/b/../c/"; "/%c3%bc/./x" ]) in
  match Url_path.decode raw with
  | Invalid -> ()
  | Path path | Moved path -> (
      check_inside path;
      match Url_path.decode (Url_path.encode path) with
      | Path again when again = path -> ()
      | _ -> Alcotest.failf "%S is not the same path when it is asked for" path)

(* Requests *)

let request_words =
  path_words
  @ [ "\r\n"; "\n"; "\r"; "\r\n\r\n"; " "; "\t"; ":"; "\000"; "GET "; "HEAD "; "OPTIONS *"; "POST "; " HTTP/1.1"; " HTTP/1.0"; " HTTP/9.9";
      "http://"; "https://a:443"; "Host: "; "\r\nHost: b.example"; "[::1]"; "\r\nContent-Length: 5"; "\r\nTransfer-Encoding: chunked";
      "\r\nConnection: close"; "\r\nRange: bytes=0-1,3-,-2"; "bytes=5-2"; "bytes=99999999999999999999-"; "\r\nIf-Range: \"root\"";
      "\r\nIf-None-Match: *"; "W/\"root\""; "\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"; "\r\nIf-Match: \"";
      "\r\nAccept-Encoding: br;q=0.5, gzip;q=1.0, *;q=0"; "\r\nAccept-Language: de-AT, en;q=0.7"; "\r\nCookie: beta=1";
      String.make 300 'a'; String.make 9_000 'b'; String.concat "" (List.init 101 (fun _ -> "\r\nX: y")) ]

let seeds =
  List.map
    (fun (line, headers) -> String.concat "\r\n" ((line :: "Host: example.org" :: headers) @ [ ""; "" ]))
    [
      ("GET / HTTP/1.1", [ "Accept-Encoding: gzip, br"; "Range: bytes=0-3" ]);
      ("GET /docs/a?b=c HTTP/1.1", [ "If-None-Match: \"a\", \"b\""; "Accept-Language: de" ]);
      ("HEAD http://example.org/old/x%20y HTTP/1.1", [ "Connection: close"; "Cookie: beta=1; a=b" ]);
      ("GET /.well-known/acme-challenge/token HTTP/1.1", []);
      ("OPTIONS * HTTP/1.1", [ "Content-Length: 0" ]);
    ]

let mutated random = Mutate.text random ~words:request_words (pick random seeds)

(* Hands the text over in pieces of these sizes, asking after each, and tells everything that was answered. *)
let answers text ~pieces =
  let buffer = Request.create () in
  let rec next () =
    match Request.next buffer with
    | Request.Request request -> `Request request :: next ()
    | Incomplete -> []
    | Refused { status; reason } -> [ `Refused (status, reason) ]
  in
  let rec go at answers =
    match answers with
    | `Refused _ :: _ -> answers
    | _ when at = String.length text -> answers
    | _ ->
        let length = min (pieces ()) (String.length text - at) in
        Request.feed buffer (Bytes.of_string text) at length;
        go (at + length) (List.rev_append (next ()) answers)
  in
  List.rev (go 0 [])

let check_request (request : Request.t) =
  (match (request.path.[0], request.meth) with
  | '/', _ | _, Other ("OPTIONS" | "CONNECT") -> ()
  | _ -> Alcotest.failf "the path %S" request.path);
  if String.exists (fun c -> c <= ' ' || c = '\127') request.path then Alcotest.failf "the path %S" request.path;
  Option.iter (fun host -> if Request.split_host host = None then Alcotest.failf "the host %S" host) request.host;
  List.iter
    (fun (_, value) -> if String.exists (fun c -> c = '\r' || c = '\n' || c = '\000') value then
      Alcotest.failf "the header %S" value)
    request.headers

let check_refusal status = if not (List.mem status [ 400; 414; 431; 505 ]) then Alcotest.failf "refused with %d" status

let requests random =
  let text = if Mutate.below random 10 = 0 then Mutate.bytes random 400 else mutated random ^ mutated random in
  let whole = answers text ~pieces:(fun () -> max_int) in
  if answers text ~pieces:(fun () -> 1 + Mutate.below random 200) <> whole then
    Alcotest.failf "%S is parsed otherwise when it comes in pieces" text;
  List.iter (function `Request request -> check_request request | `Refused (status, _) -> check_refusal status) whole

(* However long a head goes on, no more of it is taken than the limits say. *)
let endless random =
  let buffer = Request.create () in
  let start = pick random [ ""; "GET / HTTP/1.1\r\n"; "GET / HTTP/1.1\r\nHost: a\r\nX: " ] in
  let piece = pick random [ "a"; "a: b\r\n"; "GET "; "/"; "X: y\r\n z" ] in
  let chunk = Bytes.of_string (String.concat "" (List.init (1 + Mutate.below random 500) (fun _ -> piece))) in
  Request.feed buffer (Bytes.of_string start) 0 (String.length start);
  let rec go taken =
    match Request.next buffer with
    | Request _ -> Alcotest.fail "a request without an end was taken"
    | Refused { status; _ } -> check_refusal status
    | Incomplete ->
        if taken > Request.max_line + Request.max_headers + 4 then Alcotest.failf "%d bytes were taken" taken;
        Request.feed buffer chunk 0 (Bytes.length chunk);
        go (taken + Bytes.length chunk)
  in
  go (String.length start)

let http2 random =
  let text seed = Mutate.text random ~words:request_words seed in
  let headers = List.init (Mutate.below random 5) (fun _ -> (pick random [ "host"; "range"; "cookie" ], text "a")) in
  let authority = if Mutate.below random 5 = 0 then None else Some (pick random [ "example.org"; text "example.org" ]) in
  match Request.of_http2 ~meth:(pick random [ "GET"; text "GET" ]) ~path:(text "/docs/a?b") ~authority ~headers with
  | Ok request -> check_request { request with headers = [] }
  | Error { status; _ } -> check_refusal status

(* Archives *)

(* Readers see headers only if their sums are right. *)
let with_checksums archive =
  let bytes = Bytes.of_string archive in
  for block = 0 to (Bytes.length bytes / 512) - 1 do
    let at = block * 512 in
    if Bytes.sub_string bytes (at + 257) 5 = "ustar" then (
      Bytes.fill bytes (at + 148) 8 ' ';
      let sum = ref 0 in
      for i = at to at + 511 do sum := !sum + Char.code (Bytes.get bytes i) done;
      Bytes.blit_string (Printf.sprintf "%06o\000 " !sum) 0 bytes (at + 148) 8)
  done;
  Bytes.to_string bytes

let tar_words =
  [ String.make 512 '\000'; String.make 1_024 '\000'; Archive.pax [ ("path", "../x") ]; Archive.pax [ ("size", "3") ];
    Archive.pax [ ("size", "99999999999") ]; Archive.member "../../etc/passwd" "x"; Archive.member "index" ""; "ustar"; "77777777777"; "\128";
    "\255\255\255\255" ]

let mutated_tar random archive =
  let changed = Mutate.text random ~words:tar_words archive in
  if Mutate.below random 3 = 0 then changed else with_checksums changed

let small_tar =
  Archive.member "a" (String.make 700 'a') ^ Archive.pax [ ("path", "b"); ("size", "1") ] ^ Archive.member "x" "b" ^ Archive.closing

let tars random =
  let archive = if Mutate.below random 10 = 0 then Mutate.bytes random 3_000 else mutated_tar random small_tar in
  match Tar.members_of_string archive with
  | Error reason -> if reason = "" then Alcotest.fail "refused without a reason"
  | Ok members ->
      List.iter
        (fun { Tar.name; offset; size } ->
          if name = "" || offset < 512 || size < 0 || offset + size > String.length archive then
            Alcotest.failf "a member %S of %d bytes at %d in %d" name size offset (String.length archive))
        members

let page = Archive.page

let site =
  Archive.site
    ~policies:[ "canonical-host\tany"; "html-handling\tauto-trailing-slash"; "hsts\tmax-age=60" ]
    ~sets:[ "X-Rule: yes" ]
    ~rules:[ "!\t-\t/old/*\t301\t0\t/new/{splat}"; "-\texample.org\t/{a}/{b}\t200\t0\t/docs/a\tlanguage de,en";
             "-\t-\t/q\t302\t0\thttps://x.example/{id}\tquery id {id}\tcookie beta" ]
    ~header_rules:[ "all\texample.org\t/*\tX-Y: z\t!X-W"; "miss\t-\t/docs/*\tX-M: {splat}" ]
    ~fallbacks:[ page ~status:404 "/" "nope"; page ~status:404 "/docs/" "docs-nope" ]
    [
      page "/" "root" ~encoded:[ ("br", "br", "b"); ("gzip", "gz", "g") ]; Archive.moved "/docs" "/docs/";
      page ~headers:[ "Cache-Control: max-age=60"; "X-Y: z" ] "/docs/" "docs"; page "/docs/a" "a";
      page "/sp ace/\195\188" "u";
    ]

(* The text of its index without the preamble, and what follows the index. *)
let sections, bodies =
  match Tar.members_of_string site with
  | Ok ({ offset; size; _ } :: _) ->
      let skipped = String.length (Archive.preamble 0) and base = offset + Tar.padded size in
      ( String.sub site (offset + skipped) (size - skipped),
        String.sub site base (String.length site - base - String.length Archive.closing) )
  | _ -> assert false

let index_words =
  [ "\t"; "\n"; "\t>\t"; "/"; "/../"; "\t200\t0\t"; "\t404\t"; "identity"; " br "; "\"e\""; "W/\"e\""; "{splat}"; "{x}"; "*"; "/*"; "!"; "-"; "all\t-\t/*\t";
    "miss\t"; "entries\t1\n"; "headers\t"; "query id {id}"; "language de"; "cookie a"; ": "; "\r"; "\000"; "X: y"; "Set-Cookie: a"; "\t301\t0\t>\thttps://evil.example/{splat}" ]

let mutated_site random =
  match Mutate.below random 4 with
  | 0 -> mutated_tar random site
  | 1 -> site
  | _ ->
      let sections = Mutate.text random ~words:index_words sections in
      Archive.with_index (fun base -> Archive.preamble base ^ sections) bodies

let opened archive =
  let size = String.length archive in
  let rec run = function
    | Site.Opened site -> Some site
    | Site.Malformed reason -> if reason = "" then Alcotest.fail "refused without a reason" else None
    | Site.Read { offset; length; continue } ->
        if offset < 0 || length < 0 || offset + length > size then
          Alcotest.failf "a read of %d bytes at %d in an archive of %d" length offset size;
        run (continue (String.sub archive offset length))
  in
  let lines = [ "names example.org www.example.org"; "hsts max-age=60"; "challenge https://answer.example" ] in
  match Identity.parse (Archive.identity ~lines archive) with
  | Error reason -> Alcotest.fail reason
  | Ok identity -> run (Site.open_ identity ~device_size:size)

let date = "Sun, 06 Nov 1994 08:49:37 GMT"

(* A head is lines of printable bytes, the last one empty, and no other one is. *)
let check_head head =
  match List.rev (String.split_on_char '\n' head) with
  | "" :: "\r" :: lines ->
      List.iter
        (fun line ->
          let length = String.length line in
          if length < 2 || line.[length - 1] <> '\r' then Alcotest.failf "the line %S" line;
          let printable = function '\t' | ' ' .. '~' | '\128' .. '\255' -> true | _ -> false in
          if not (String.for_all printable (String.sub line 0 (length - 1))) then Alcotest.failf "the line %S" line)
        lines
  | _ -> Alcotest.failf "the head %S" head

let check_response archive (request : Request.t) (response : Response.t) =
  if response.status < 200 || response.status > 599 then Alcotest.failf "status %d" response.status;
  let part = function
    | Response.Text text -> String.length text
    | Range { offset; length } ->
        if offset < 0 || length < 0 || offset + length > String.length archive then
          Alcotest.failf "%d bytes at %d of an archive of %d" length offset (String.length archive);
        length
  in
  let length = List.fold_left (fun sum body -> sum + part body) 0 response.body in
  if request.meth <> Head && Response.has_length response && length <> response.length then
    Alcotest.failf "%d bytes, of which %d were announced" length response.length;
  check_head (Response.head response ~date ~http_1_0:request.http_1_0)

let sites random =
  let archive = mutated_site random in
  match opened archive with
  | None -> ()
  | Some site ->
      for _ = 1 to 5 do
        List.iter
          (function
            | `Refused (status, reason) ->
                check_head (Response.head (Response.of_error { status; reason }) ~date ~http_1_0:false)
            | `Request request ->
                check_response archive request (Respond.respond site request);
                check_response archive request (Respond.redirect site request))
          (answers (mutated random) ~pieces:(fun () -> max_int))
      done

(* Identities *)

let identity_words =
  [ "\n"; " "; "release "; "release 0"; "archive "; "archive-size "; "names "; "names a.b, c"; "names -"; "hsts x\r\n"; "challenge https://";
    "challenge http://a/../b"; "\000"; "key.pem"; "-----BEGIN PRIVATE KEY-----\n" ]

let identity =
  Archive.identity
    ~lines:[ "names example.org WWW.example.org"; "hsts max-age=60"; "challenge https://answer.example:8443/base" ]
    site

let identities random =
  let changed =
    match Mutate.below random 3 with
    | 0 -> mutated_tar random identity
    | 1 -> Mutate.bytes random 2_000
    | _ -> (
        match Tar.members_of_string identity with
        | Ok ({ offset; size; _ } :: _) ->
            let text = Mutate.text random ~words:identity_words (String.sub identity offset size) in
            let rest = offset + Tar.padded size in
            Archive.member "identity" text ^ String.sub identity rest (String.length identity - rest)
        | _ -> assert false)
  in
  match Identity.parse changed with
  | Error reason -> if reason = "" then Alcotest.fail "refused without a reason"
  | Ok identity ->
      if identity.release < 0 || identity.archive_size < 0 || String.length identity.archive <> 64 then
        Alcotest.failf "release %d, %d bytes, digest %S" identity.release identity.archive_size identity.archive;
      let header = String.exists (fun c -> c < ' ' || c = '\127') in
      List.iter
        (fun value -> if header value then Alcotest.failf "%S in a header" value)
        (Option.to_list identity.hsts @ Option.to_list identity.challenge @ identity.names)

(* Parts of headers *)

let ranges random =
  let size = pick random [ 0; 1; 5; 1_000; max_int ] in
  let text = Mutate.text random ~words:request_words (pick random [ "bytes=0-3"; "bytes=0-0,2-, -5"; "bytes=-1" ]) in
  match Byte_range.parse text ~size with
  | Whole | Unsatisfiable -> ()
  | Ranges ranges ->
      if List.length ranges > Byte_range.max_ranges then Alcotest.failf "%d ranges" (List.length ranges);
      List.iter
        (fun (first, length) ->
          if first < 0 || length < 1 || first > size - length then Alcotest.failf "%d bytes at %d of %d" length first size)
        ranges

let dates random =
  let seconds = Mutate.below random 0x3fffffff * 100 in
  if Http_date.parse (Http_date.format seconds) <> Some seconds then Alcotest.failf "%d" seconds;
  let words = [ "Sun"; " GMT"; ":"; "-"; "99"; "0" ] in
  match Http_date.parse (Mutate.text random ~words (pick random [ date; "Sunday, 06-Nov-94 08:49:37 GMT"; "Sun Nov  6 08:49:37 1994" ])) with
  | None -> ()
  | Some seconds -> ignore (Http_date.format (max 0 seconds) : string)

let suites =
  [
    ( "fuzz",
      [
        test "paths" 20_000 paths;
        test "requests" 8_000 requests;
        test "endless heads" 50 endless;
        test "HTTP/2 requests" 5_000 http2;
        test "tars" 5_000 tars;
        test "sites and their answers" 4_000 sites;
        test "identities" 5_000 identities;
        test "ranges" 10_000 ranges;
        test "dates" 10_000 dates;
      ] );
  ]
