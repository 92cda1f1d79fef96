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

type answer =
  | Page of { content_type : string; etag : string; encoded : (string * string * string) list }
  | Moved of string
  | Fields of string

type entry = { path : string; status : int; headers : string list; answer : answer }

let modified = 784_111_777

let page ?(status = 200) ?(headers = []) ?(content_type = "text/html; charset=utf-8") ?(encoded = []) path etag =
  { path; status; headers; answer = Page { content_type; etag = "\"" ^ etag ^ "\""; encoded } }

let moved ?(status = 301) path location = { path; status; headers = []; answer = Moved location }
let fields path status fields = { path; status; headers = []; answer = Fields fields }
let body_of path = "body of " ^ path

let lines sections =
  let section (name, lines) = Printf.sprintf "%s\t%d" name (List.length lines) :: lines in
  String.concat "" (List.map (fun line -> line ^ "\n") (List.concat_map section sections))

let with_index text_of_base rest =
  let base = 512 + Mirage_pages.Tar.padded (String.length (text_of_base 0)) in
  member "index" (text_of_base base) ^ rest ^ closing

let preamble base = Printf.sprintf "mirage-pages-index\t2\nbase\t%012d\n" base

let site ?(policies = []) ?(sets = []) ?(rules = []) ?(header_rules = []) ?(fallbacks = []) entries =
  let bodies = Buffer.create 4_096 in
  let add body =
    let offset = Buffer.length bodies + 512 in
    Buffer.add_string bodies (member "site/x" body);
    Printf.sprintf "%d %d" (String.length body) offset
  in
  let known = ref sets in
  let number headers =
    let set = String.concat "\t" headers in
    let rec find i = function [] -> None | other :: rest -> if other = set then Some i else find (i + 1) rest in
    match find 0 !known with
    | Some i -> i
    | None ->
        known := !known @ [ set ];
        List.length !known - 1
  in
  let line { path; status; headers; answer } =
    let start = Printf.sprintf "%s\t%d\t%d" path status (number headers) in
    match answer with
    | Moved location -> Printf.sprintf "%s\t>\t%s" start location
    | Fields fields -> Printf.sprintf "%s\t%s" start fields
    | Page { content_type; etag; encoded } ->
        let representation (coding, etag, body) = Printf.sprintf "%s %s \"%s\"" coding (add body) etag in
        let identity = Printf.sprintf "identity %s %s" (add (body_of path)) etag in
        String.concat "\t"
          (start :: content_type :: string_of_int modified :: identity :: List.map representation encoded)
  in
  let fallbacks = List.map line fallbacks in
  let entries = List.map line entries in
  let text base =
    preamble base
    ^ lines
        [
          ("headers", !known); ("policies", policies); ("rules", rules); ("header-rules", header_rules);
          ("fallbacks", fallbacks); ("entries", entries);
        ]
  in
  with_index text (Buffer.contents bodies)

let identity ?(lines = []) archive =
  let required =
    [ "release 12"; "archive " ^ String.make 64 'a'; "archive-size " ^ string_of_int (String.length archive) ]
  in
  member "identity" (String.concat "\n" (required @ lines) ^ "\n")
  ^ member "chain.pem" "-----BEGIN CERTIFICATE-----\n"
  ^ member "key.pem" "-----BEGIN PRIVATE KEY-----\n"
  ^ closing
