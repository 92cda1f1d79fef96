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

let site = Archive.site [ ("=\t/\t200", "\"e\"\ttext/html") ]

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

let entries =
  [
    ("!\t/\t404", "\"nope\"\ttext/html");
    ("!\t/docs/\t404", "\"docs-nope\"\ttext/html");
    ("=\t/\t200", "\"root\"\ttext/html; charset=utf-8");
    ("=\t/docs\t301", "-\t-\tLocation: /docs/");
    ("=\t/docs/\t200", "\"docs\"\ttext/html\tCache-Control: max-age=60\tX-Y: z");
    ("=\t/docs/a\t200", "\"a\"\ttext/plain");
    ("=\t/docs/ab\t200", "\"ab\"\ttext/plain");
    ("=\t/sp ace/\195\188\t200", "\"u\"\ttext/plain");
    ("later\t/x\t200", "-\t-");
  ]

let looks_up () =
  let archive = Archive.site entries in
  let index = (accepted (open_site archive)).index in
  Alcotest.(check int) "entries" 8 (Index.length index);
  List.iter
    (fun path ->
      match Index.exact index path with
      | None -> Alcotest.failf "%s is not found" path
      | Some entry ->
          let body = String.sub archive entry.offset entry.size in
          Alcotest.(check string) path (if path = "/docs" then "" else "body of " ^ path) body)
    [ "/"; "/docs"; "/docs/"; "/docs/a"; "/docs/ab"; "/sp ace/\195\188" ];
  List.iter
    (fun path -> if Index.exact index path <> None then Alcotest.failf "%S is found" path)
    [ ""; "/d"; "/docs/abc"; "/docs/A"; "/\t"; "/docs/a\t"; "/x"; "/docs/a\000"; "/zzz"; "!" ];
  let fallback path = Option.bind (Index.fallback index path) (fun (entry : Index.entry) -> entry.etag) in
  Alcotest.(check (option string)) "nearest" (Some "\"docs-nope\"") (fallback "/docs/deep/er/x");
  Alcotest.(check (option string)) "directory" (Some "\"docs-nope\"") (fallback "/docs/");
  Alcotest.(check (option string)) "root" (Some "\"nope\"") (fallback "/docsx/y");
  Alcotest.(check (option string)) "nothing" None (fallback "");
  match Index.exact index "/docs/" with
  | Some { headers; _ } ->
      Alcotest.(check (list (pair string string))) "headers" [ ("Cache-Control", "max-age=60");
        ("X-Y", "z") ] headers
  | None -> Alcotest.fail "/docs/"

let hostile_indexes () =
  let bad what part archive = refused what part (open_site archive) in
  let line what part start rest = bad what part (Archive.site [ (start, rest) ]) in
  let e = "\"e\"\tt" in
  bad "no index" "not index" (Archive.member "site/a" "x" ^ Archive.closing);
  bad "an empty archive" "empty" Archive.closing;
  bad "another version" "version 2"
    (Archive.site ~preamble:"mirage-pages-index\t2\nbase\t000000001024\nentries\t0\n" []);
  bad "another base" "base"
    (Archive.site ~preamble:"mirage-pages-index\t1\nbase\t000000000512\nentries\t0\n" []);
  bad "too many entries" "states"
    (Archive.site ~preamble:"mirage-pages-index\t1\nbase\t000000001024\nentries\t1\n" []);
  bad "billions of entries" "cannot be"
    (Archive.site ~preamble:"mirage-pages-index\t1\nbase\t000000001024\nentries\t999999999999\n" []);
  bad "too few entries" "more lines"
    (Archive.site ~preamble:"mirage-pages-index\t1\nbase\t000000001024\nentries\t0\n" [ ("=\t/\t200", e) ]);
  bad "no preamble" "no line" (Archive.site ~preamble:"\n" []);
  bad "a line twice" "twice" (Archive.site [ ("=\t/\t200", e); ("=\t/\t200", e) ]);
  bad "out of order" "order" (Archive.site [ ("=\t/b\t200", e); ("=\t/a\t200", e) ]);
  line "a relative path" "begin with /" "=\tx\t200" e;
  line "a fallback that is no directory" "end in /" "!\t/x\t404" e;
  line "a status of 999" "status" "=\t/\t999" e;
  line "a status of words" "number" "=\t/\tok" e;
  line "an unquoted tag" "tag" "=\t/\t200" "e\tt";
  line "a redirect to nowhere" "Location" "=\t/\t301" "-\t-";
  line "a header without a colon" "<Name: value>" "=\t/\t200" (e ^ "\tX");
  line "a header that frames" "server's own" "=\t/\t200" (e ^ "\tContent-Length: 5");
  line "a header name with a space" "header name" "=\t/\t200" (e ^ "\tA b: 5");
  line "a carriage return" "control" "=\t/\t200" (e ^ "\tX: y\rz");
  line "too few fields" "too few" "=\t/\t200" "-";
  let raw what part text =
    let base = 512 + Tar.padded (String.length text + 47) in
    let head = Printf.sprintf "mirage-pages-index\t1\nbase\t%012d\nentries\t1\n" base in
    bad what part (Archive.member "index" (head ^ text) ^ Archive.closing)
  in
  raw "a body beyond the end" "beyond" "=\t/\t200\t9999\t0\t\"e\"\tt\n";
  raw "an offset beyond the end" "beyond" "=\t/\t200\t1\t999999999999999\t\"e\"\tt\n";
  raw "a size that overflows" "number" "=\t/\t200\t9223372036854775807\t0\t\"e\"\tt\n";
  raw "a negative offset" "number" "=\t/\t200\t1\t-5\t\"e\"\tt\n";
  raw "no last line end" "no end" "=\t/\t200\t0\t0\t\"e\"\tt";
  raw "a line without a path" "without a path" "=\n";
  refused "an archive larger than its device" "device" (open_site ~device_size:100 site);
  refused "an archive cut off" "tar at byte"
    (open_site ~identity:(fun i -> { i with archive_size = 300 }) site)

let large_index () =
  let count = 50_000 in
  let path i = Printf.sprintf "/articles/%06d/a-rather-long-title-of-a-page/index.html" i in
  let archive = Archive.site (List.init count (fun i ->
    ("=\t" ^ path i ^ "\t200", "\"0123456789abcdef0123456789abcdef\"\ttext/html"))) in
  Gc.compact ();
  let before = (Gc.stat ()).live_words in
  let index = (accepted (open_site archive)).index in
  Gc.compact ();
  let bytes = ((Gc.stat ()).live_words - before) * 8 in
  for i = 0 to count - 1 do
    if Index.exact index (path i) = None then Alcotest.failf "%s is not found" (path i)
  done;
  if bytes > 8_000_000 then Alcotest.failf "the index of %d entries takes %d bytes" count bytes

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
          (let identity = accepted (Identity.parse (Archive.identity (Archive.site entries))) in
           flipped
             (fun s ->
               ignore (run s (Site.open_ { identity with archive_size =
                 String.length s } ~device_size:(String.length s))))
             (Archive.site entries));
      ] );
  ]
