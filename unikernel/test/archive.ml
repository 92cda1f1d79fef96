let field text length = text ^ String.make (length - String.length text) '\000'
let pad body = body ^ String.make (Mirage_pages.Tar.padded (String.length body) - String.length body) '\000'

let header ?(typeflag = '0') ?checksum ~name ~size () =
  let before =
    field name 100 ^ "0000644\0000000000\0000000000\000" ^ field size 12 ^ field "00000000000" 12 in
  let after = String.make 1 typeflag ^ field "" 100 ^ "ustar\00000" ^ field "" (32 + 32 + 8 + 8 + 155 + 12) in
  let sum text = String.fold_left (fun sum c -> sum + Char.code c) 0 text in
  let checksum = Option.value checksum ~default:(sum before + sum after + (8 * 32)) in
  before ^ Printf.sprintf "%06o\000 " checksum ^ after

let octal n = Printf.sprintf "%011o" n
let member name body = header ~name ~size:(octal (String.length body)) () ^ pad body

let pax records =
  let record (key, value) =
    let rest = Printf.sprintf " %s=%s\n" key value in
    let rec fit digits =
      let length = String.length rest + digits in
      if String.length (string_of_int length) = digits then length else fit (digits + 1)
    in
    string_of_int (fit 1) ^ rest
  in
  let body = String.concat "" (List.map record records) in
  header ~typeflag:'x' ~name:"pax" ~size:(octal (String.length body)) () ^ pad body

let closing = String.make 1_024 '\000'

let site ?preamble entries =
  let bodies = Buffer.create 4_096 in
  let line (start, rest) =
    let path = List.nth (String.split_on_char '\t' start) 1 in
    if String.length rest > 1 && String.sub rest 0 2 = "-\t" then Printf.sprintf "%s\t0\t0\t%s\n" start rest
    else
      let body = "body of " ^ path in
      let offset = Buffer.length bodies + 512 in
      Buffer.add_string bodies (member "site/x" body);
      Printf.sprintf "%s\t%d\t%d\t%s\n" start (String.length body) offset rest
  in
  let lines = String.concat "" (List.map line entries) in
  let text base =
    match preamble with
    | Some preamble -> preamble ^ lines
    | None ->
      Printf.sprintf "mirage-pages-index\t1\nbase\t%012d\nentries\t%d\n%s" base (List.length entries) lines
  in
  let base = 512 + Mirage_pages.Tar.padded (String.length (text 0)) in
  member "index" (text base) ^ Buffer.contents bodies ^ closing

let identity ?(lines = []) archive =
  let required =
    [ "release 12"; "archive " ^ String.make 64 'a'; "archive-size " ^ string_of_int (String.length archive) ]
  in
  member "identity" (String.concat "\n" (required @ lines) ^ "\n")
  ^ member "chain.pem" "-----BEGIN CERTIFICATE-----\n"
  ^ member "key.pem" "-----BEGIN PRIVATE KEY-----\n"
  ^ closing
