open Mirage_pages

let test name f = Alcotest.test_case name `Quick f
let contains text part =
  let n = String.length part in
  let rec at i = i + n <= String.length text && (String.sub text i n = part || at (i + 1)) in
  at 0

let refused what part = function
  | Ok _ -> Alcotest.failf "%s was accepted" what
  | Error reason -> if not (contains reason part) then
    Alcotest.failf "%s: %S does not tell %S" what reason part

let accepted = function Ok value -> value | Error reason -> Alcotest.fail reason

(* Tar *)

let names archive =
  List.map (fun { Tar.name; size; _ } -> (name, size)) (accepted (Tar.members_of_string archive))

let reads_members () =
  let long = String.concat "/" (List.init 40 (fun _ -> "directory")) in
  let archive =
    Archive.member "a" "" ^ Archive.member "b" (String.make 512 'b') ^ Archive.pax [ ("path", long) ]
    ^ Archive.member "short" "c" ^ Archive.closing
  in
  Alcotest.(check (list (pair string int))) "members" [ ("a", 0); ("b", 512); (long, 1) ] (names archive)

let pax_size () =
  let archive =
    Archive.pax [ ("size", "3") ] ^ Archive.header ~name:"a" ~size:"00000000000" () ^ "abc"
      ^ String.make 509 '\000' ^ Archive.closing
  in
  Alcotest.(check (list (pair string int))) "members" [ ("a", 3) ] (names archive)

let hostile_tars () =
  let header = Archive.header in
  let bad what part archive = refused what part (Tar.members_of_string archive) in
  bad "nothing" "ends" "";
  bad "no closing blocks" "closing" (Archive.member "a" "x");
  bad "one closing block" "closing" (Archive.member "a" "x" ^ String.make 512 '\000');
  bad "data after one zero block" "closing"
    (Archive.member "a" "x" ^ String.make 512 '\000' ^ String.make 512 'x');
  bad "a wrong checksum" "checksum" (header ~checksum:1 ~name:"a" ~size:"00000000000" () ^ Archive.closing);
  bad "a huge size" "beyond" (header ~name:"a" ~size:"77777777777" () ^ Archive.closing);
  bad "a base-256 size" "octal"
    (header ~name:"a" ~size:"\128\000\000\000\000\000\000\000\000\000\001" () ^ Archive.closing);
  bad "no size" "octal" (header ~name:"a" ~size:"" () ^ Archive.closing);
  bad "a negative size" "octal" (header ~name:"a" ~size:"-0000000001" () ^ Archive.closing);
  bad "a link" "type" (header ~typeflag:'2' ~name:"a" ~size:"00000000000" () ^ Archive.closing);
  bad "a directory" "type" (header ~typeflag:'5' ~name:"a" ~size:"00000000000" () ^ Archive.closing);
  bad "a GNU long name" "type" (header ~typeflag:'L' ~name:"a" ~size:"00000000000" () ^ Archive.closing);
  bad "no name" "name" (header ~name:"" ~size:"00000000000" () ^ Archive.closing);
  bad "a pax size beyond the end" "beyond"
    (Archive.pax [ ("size", "999999999999999999") ] ^ Archive.member "a" "" ^ Archive.closing);
  bad "a pax size that overflows" "number"
    (Archive.pax [ ("size", "9999999999999999999999") ] ^ Archive.member "a" "" ^ Archive.closing);
  bad "two pax headers" "two pax"
    (Archive.pax [ ("path", "x") ] ^ Archive.pax [ ("path", "y") ] ^ Archive.closing);
  bad "a pax header at the end" "without its member" (Archive.pax [ ("path", "x") ] ^ Archive.closing);
  bad "a huge pax header" "pax" (header ~typeflag:'x' ~name:"p" ~size:"00010000000" () ^ Archive.closing);
  List.iter
    (fun body ->
      let size = Printf.sprintf "%011o" (String.length body) in
      let padding = String.make (Tar.padded (String.length body) - String.length body) '\000' in
      bad ("pax records " ^ body) "pax"
        (header ~typeflag:'x' ~name:"p" ~size () ^ body ^ padding ^ Archive.member "a" "" ^ Archive.closing))
    [ "x"; "5 a=b"; "99 a=b\n"; "0 a=b\n"; "-5 a=b\n"; "6 ab=\nx"; "6 =ab\n"; "7 a=b\n7 a=b\n"; " a=b\n" ]

let truncated_tars () =
  let archive = Archive.member "a" (String.make 700 'a') ^ Archive.pax [ ("path", "b") ]
    ^ Archive.member "x" "b" ^ Archive.closing in
  for length = 0 to String.length archive - 1 do
    refused (Printf.sprintf "the first %d bytes" length) "tar at byte" (Tar.members_of_string
      (String.sub archive 0 length))
  done

(* Whatever is flipped, the answer is a value: no exception, no read outside. *)
let flipped parse archive () =
  let random = Random.State.make [| 20261123 |] in
  for _ = 1 to 20_000 do
    let bytes = Bytes.of_string archive in
    for _ = 0 to Random.State.int random 4 do
      Bytes.set bytes (Random.State.int random (Bytes.length bytes)) (Char.chr (Random.State.int random 256))
    done;
    let bytes = Bytes.to_string bytes in
    parse (String.sub bytes 0 (String.length bytes - (512 * Random.State.int random 2)))
  done

(* Identity *)

let site = Archive.site [ Archive.page "/" "e" ]

let reads_identity () =
  let challenge = "challenge https://answer.example:8443/base" in
  let lines = [ "names example.org WWW.example.org"; "hsts max-age=63072000; preload"; challenge; "later news" ] in
  let identity = accepted (Identity.parse (Archive.identity ~lines site ^ String.make 9_999 '\000')) in
  Alcotest.(check int) "release" 12 identity.release;
  Alcotest.(check int) "size" (String.length site) identity.archive_size;
  Alcotest.(check (list string)) "names" [ "example.org"; "www.example.org" ] identity.names;
  Alcotest.(check (option string)) "hsts" (Some "max-age=63072000; preload") identity.hsts;
  Alcotest.(check (option string)) "challenge" (Some "https://answer.example:8443/base") identity.challenge;
  let plain = accepted (Identity.parse (Archive.identity site)) in
  Alcotest.(check (option string)) "no challenge" None plain.challenge;
  Alcotest.(check (list string)) "no names" [] plain.names;
  Alcotest.(check (option string)) "no hsts" None plain.hsts

let hostile_identities () =
  let bad what part lines = refused what part (Identity.parse (Archive.identity ~lines site)) in
  bad "two releases" "more than one" [ "release 13" ];
  bad "a line without a value" "<name> <value>" [ "word" ];
  bad "a control character in hsts" "hsts" [ "hsts max-age=1\r\nX: y" ];
  bad "a name that is none" "host name" [ "names exa/mple" ];
  List.iter (fun url -> bad url "challenge" [ "challenge " ^ url ])
    [ "ftp://x"; "https://"; "https://x/"; "https://x?y"; "https://x y"; "https://x\r\nY: z" ];
  let with_text text =
    Archive.member "identity" text ^ Archive.member "chain.pem" "-----BEGIN C"
      ^ Archive.member "key.pem" "-----BEGIN K" ^ Archive.closing
  in
  let digest = "archive " ^ String.make 64 'a' ^ "\n" in
  refused "no release" "release" (Identity.parse (with_text (digest ^ "archive-size 1\n")));
  refused "a release of words" "release"
    (Identity.parse (with_text ("release x\n" ^ digest ^ "archive-size 1\n")));
  refused "a hex number" "release"
    (Identity.parse (with_text ("release 0x1\n" ^ digest ^ "archive-size 1\n")));
  refused "a huge size" "archive-size"
    (Identity.parse (with_text ("release 1\n" ^ digest ^ "archive-size 9999999999999999999\n")));
  refused "a short digest" "SHA-256" (Identity.parse (with_text "release 1\narchive aa\narchive-size 1\n"));
  refused "another order" "expected the members"
    (Identity.parse (Archive.member "key.pem" "-----BEGIN K" ^ Archive.member "identity" ""
      ^ Archive.closing));
  refused "no PEM" "chain.pem"
    (Identity.parse
       (Archive.member "identity" ("release 1\n" ^ digest ^ "archive-size 1\n")
       ^ Archive.member "chain.pem" "" ^ Archive.member "key.pem" "-----BEGIN K" ^ Archive.closing))

(* Site and index *)

let rec run archive = function
  | Site.Opened site -> Ok site
  | Site.Malformed reason -> Error reason
  | Site.Read { offset; length; continue } ->
      if offset < 0 || length < 0 || offset + length > String.length archive then
        Alcotest.failf "a read of %d bytes at %d in an archive of %d" length offset (String.length archive);
      run archive (continue (String.sub archive offset length))

let open_site ?(identity = fun i -> i) ?device_size archive =
  let value = identity (accepted (Identity.parse (Archive.identity archive))) in
  run archive (Site.open_ value ~device_size:(Option.value device_size ~default:(String.length archive)))

let archive =
  let page = Archive.page ~content_type:"text/plain" in
  Archive.site
    ~policies:[ "canonical-host\tany"; "html-handling\tauto-trailing-slash" ]
    ~rules:[ "-\t-\t/old/*\t301\t0\t/new/{splat}" ] ~sets:[ "X-Rule: yes" ]
    ~header_rules:[ "all\texample.org\t/*\tX-Y: z\t!X-W" ]
    ~fallbacks:[ page ~status:404 "/" "nope"; page ~status:404 "/docs/" "docs-nope" ]
    [
      page "/" "root" ~encoded:[ ("br", "br", "b"); ("gzip", "gz", "g") ];
      Archive.moved "/docs" "/docs/";
      page ~headers:[ "Cache-Control: max-age=60"; "X-Y: z" ] "/docs/" "docs";
      page "/docs/a" "a"; page "/docs/ab" "ab"; page "/sp ace/\195\188" "u";
    ]

let looks_up () =
  let index = (accepted (open_site archive)).index in
  Alcotest.(check int) "entries" 8 (Index.length index);
  let body ({ offset; size; _ } : Index.representation) = String.sub archive offset size in
  List.iter
    (fun path ->
      match Index.exact index path with
      | Some { answer = Body { identity; modified; _ }; _ } ->
          Alcotest.(check string) path (Archive.body_of path) (body identity);
          Alcotest.(check int) path Archive.modified modified
      | _ -> Alcotest.failf "%s is not found" path)
    [ "/"; "/docs/"; "/docs/a"; "/docs/ab"; "/sp ace/\195\188" ];
  (match Index.exact index "/" with
  | Some { answer = Body { encoded; _ }; _ } ->
      Alcotest.(check (list string)) "encoded" [ "b"; "g" ] (List.map body encoded)
  | _ -> Alcotest.fail "/");
  (match Index.exact index "/docs" with
  | Some { status = 301; answer = Redirect "/docs/"; _ } -> ()
  | _ -> Alcotest.fail "/docs");
  List.iter
    (fun path -> if Index.exact index path <> None then Alcotest.failf "%S is found" path)
    [ ""; "/d"; "/docs/abc"; "/docs/A"; "/\t"; "/docs/a\t"; "/x"; "/docs/a\000"; "/zzz"; "!" ];
  let fallback path =
    match Index.fallback index path with
    | Some { answer = Body { identity; _ }; status = 404; _ } -> identity.etag
    | _ -> "none"
  in
  Alcotest.(check string) "nearest" "\"docs-nope\"" (fallback "/docs/deep/er/x");
  Alcotest.(check string) "directory" "\"docs-nope\"" (fallback "/docs/");
  Alcotest.(check string) "root" "\"nope\"" (fallback "/docsx/y");
  Alcotest.(check string) "nothing" "none" (fallback "");
  (match Index.exact index "/docs/" with
  | Some { headers; _ } ->
      Alcotest.(check (list (pair string string))) "headers" [ ("Cache-Control", "max-age=60"); ("X-Y", "z") ]
        headers.list;
      Alcotest.(check string) "block" "Cache-Control: max-age=60\r\nX-Y: z\r\n" headers.block
  | None -> Alcotest.fail "/docs/");
  Alcotest.(check (option string)) "policy" (Some "any") (Index.policy index "canonical-host");
  match (Index.rules index, Index.header_rules index) with
  | [ { target = "/new/{splat}"; status = 301; forced = false; host = None; headers; _ } ],
    [ { scope = All; host = Some "example.org"; changes = [ Put ("X-Y", "z"); Remove "x-w" ]; _ } ] ->
      Alcotest.(check string) "rule's headers" "X-Rule: yes\r\n" headers.block
  | _ -> Alcotest.fail "rules"

let hostile_indexes () =
  let bad what part archive = refused what part (open_site archive) in
  let raw what part text = bad what part (Archive.with_index text "") in
  bad "no index" "not index" (Archive.member "site/a" "x" ^ Archive.closing);
  bad "an empty archive" "empty" Archive.closing;
  raw "version 1" "format version 1; this server reads version 2" (fun base ->
      Printf.sprintf "mirage-pages-index\t1\nbase\t%012d\nentries\t0\n" base);
  raw "version 3" "version 3" (fun _ -> "mirage-pages-index\t3\n");
  raw "another base" "base" (fun base -> Archive.preamble (base - 512));
  raw "no sections" "headers" Archive.preamble;
  raw "no preamble" "no line" (fun _ -> "\n");
  raw "no text" "no line" (fun _ -> "");
  let sections ?(headers = "0") ?(entries = "0") ?(more = "") () base =
    Archive.preamble base
    ^ Printf.sprintf "headers\t%s\npolicies\t0\nrules\t0\nheader-rules\t0\nfallbacks\t0\nentries\t%s\n%s" headers
        entries more
  in
  Alcotest.(check bool) "nothing at all" true
    (Result.is_ok (open_site (Archive.with_index (sections ()) "")));
  raw "too many entries" "fewer lines" (sections ~entries:"2" ~more:"/\t301\t0\t>\t/a\n" ());
  raw "billions of entries" "cannot be" (sections ~entries:"999999999999" ());
  raw "too few entries" "more lines" (sections ~more:"/\t301\t0\t>\t/a\n" ());
  raw "no last line end" "no end" (fun base -> Archive.preamble base ^ "headers\t0");
  raw "a count of words" "number" (sections ~headers:"x" ());
  let page = Archive.page and site = Archive.site in
  bad "a path twice" "twice" (site [ page "/" "a"; page "/" "a" ]);
  bad "out of order" "order" (site [ page "/b" "a"; page "/a" "a" ]);
  bad "a relative path" "begin with /" (site [ page "x" "a" ]);
  bad "a fallback that is no directory" "end in /" (site ~fallbacks:[ page "/x" "a" ] []);
  bad "a status of 999" "status" (site [ page ~status:999 "/" "a" ]);
  bad "a tag with quotes" "tag" (site [ page "/" "a\"b" ]);
  bad "a page that redirects" "status 301" (site [ page ~status:301 "/" "a" ]);
  bad "a redirect that does not" "status 200" (site [ Archive.moved ~status:200 "/" "/a" ]);
  bad "a redirect to nowhere" "status 301" (site [ Archive.moved "/" "" ]);
  bad "a header without a colon" "<Name: value>" (site [ page ~headers:[ "X" ] "/" "a" ]);
  bad "a header that frames" "server's own" (site [ page ~headers:[ "Content-Length: 5" ] "/" "a" ]);
  bad "a header name with a space" "header name" (site [ page ~headers:[ "A b: 5" ] "/" "a" ]);
  bad "a carriage return" "control" (site [ page ~headers:[ "X: y\rz" ] "/" "a" ]);
  let fields what part rest = bad what part (site [ Archive.fields "/" 200 rest ]) in
  let identity = "t/t\t0\tidentity" in
  fields "no fields" "belong" "t/t";
  fields "a body beyond the end" "beyond" (identity ^ " 9999999 0 \"e\"");
  fields "an offset beyond the end" "beyond" (identity ^ " 1 999999999999999 \"e\"");
  fields "a size that overflows" "number" (identity ^ " 9223372036854775807 0 \"e\"");
  fields "a negative offset" "number" (identity ^ " 1 -5 \"e\"");
  fields "an unquoted tag" "tag" (identity ^ " 0 0 e");
  fields "a coding that there is not" "coding" "t/t\t0\tcompress 0 0 \"e\"";
  fields "no identity" "identity" "t/t\t0\tgzip 0 0 \"e\"";
  fields "two identities" "identities" (identity ^ " 0 0 \"e\"\tidentity 0 0 \"e\"");
  bad "a set of headers that is not there" "set of headers"
    (Archive.with_index (sections ~entries:"1" ~more:"/\t301\t7\t>\t/a\n" ()) "");
  let rule what part line = bad what part (site ~sets:[ "" ] ~rules:[ line ] []) in
  rule "a rule that is forced somehow" "forced" "?\t-\t/a\t301\t0\t/b";
  rule "a relative pattern" "begin with /" "-\t-\ta\t301\t0\t/b";
  rule "a broken pattern" "pattern" "-\t-\t/%zz\t301\t0\t/b";
  rule "no target" "target" "-\t-\t/a\t301\t0\t";
  rule "a rewrite to another host" "target" "-\t-\t/a\t200\t0\thttps://a/";
  rule "too few fields" "too few" "-\t-\t/a\t301\t0";
  rule "an unknown condition" "condition" "-\t-\t/a\t301\t0\t/b\tmoon full";
  bad "a header rule for nobody" "header rule" (site ~header_rules:[ "some\t-\t/a\tX: y" ] []);
  bad "a policy without a value" "policy" (site ~policies:[ "a" ] []);
  bad "an unknown html-handling" "html-handling" (site ~policies:[ "html-handling\tno" ] []);
  refused "an archive larger than its device" "device" (open_site ~device_size:100 archive);
  refused "an archive cut off" "tar at byte"
    (open_site ~identity:(fun i -> { i with archive_size = 300 }) archive)

let large_index () =
  let count = 50_000 in
  let path i = Printf.sprintf "/articles/%06d/a-rather-long-title-of-a-page/index.html" i in
  let pages = List.init count (fun i -> Archive.page (path i) "0123456789abcdef0123456789abcdef") in
  let archive = Archive.site pages in
  Gc.compact ();
  let before = (Gc.stat ()).live_words in
  let index = (accepted (open_site archive)).index in
  Gc.compact ();
  let bytes = ((Gc.stat ()).live_words - before) * 8 in
  for i = 0 to count - 1 do
    if Index.exact index (path i) = None then Alcotest.failf "%s is not found" (path i)
  done;
  if bytes > 10_000_000 then Alcotest.failf "the index of %d entries takes %d bytes" count bytes;
  (* A popular page, and what is not there. *)
  let words path =
    let look () = ignore (Sys.opaque_identity (Index.exact index path)) in
    look ();
    let before = Gc.minor_words () in
    for _ = 1 to 1_000 do look () done;
    (Gc.minor_words () -. before) /. 1_000.
  in
  let check what most path =
    let allocated = words path in
    if allocated > most then Alcotest.failf "%s: a look takes %.0f words" what allocated
  in
  check "found" 32. (path 31_415);
  check "missing" 32. "/articles/031415/another"

let suites =
  [
    ( "tar",
      [
        test "members" reads_members;
        test "pax size" pax_size;
        test "hostile" hostile_tars;
        test "truncated" truncated_tars;
        test "flipped bytes" (flipped (fun s -> ignore (Tar.members_of_string s)) (Archive.identity site));
      ] );
    ( "identity",
      [
        test "fields" reads_identity;
        test "hostile" hostile_identities;
        test "flipped bytes" (flipped (fun s ->
          ignore (Identity.parse s)) (Archive.identity ~lines:[ "names a b"; "hsts x" ] site));
      ] );
    ( "index",
      [
        test "lookup" looks_up;
        test "hostile" hostile_indexes;
        test "50,000 entries" large_index;
        test "flipped bytes"
          (let identity = accepted (Identity.parse (Archive.identity archive)) in
           flipped
             (fun s ->
               ignore
                 (run s (Site.open_ { identity with archive_size = String.length s }
                      ~device_size:(String.length s))))
             archive);
      ] );
  ]
