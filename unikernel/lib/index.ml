type coding = Identity | Zstd | Brotli | Gzip
type representation = { coding : coding; size : int; offset : int; etag : string }

type answer =
  | Body of {
      content_type : string;
      modified : int;
      identity : representation;
      encoded : representation list;
    }
  | Redirect of string

type entry = { status : int; headers : Header_set.t; answer : answer }

type condition =
  | Query of { name : string; value : query_value }
  | Language of string list
  | Cookie of string list

and query_value = Exactly of string | Captured of string

type rule = {
  forced : bool;
  host : string option;
  pattern : Pattern.t;
  status : int;
  target : string;
  headers : Header_set.t;
  conditions : condition list;
}

type scope = All | Miss
type change = Put of string * string | Remove of string
type header_rule = { scope : scope; host : string option; pattern : Pattern.t; changes : change list }

type t = {
  text : string;
  base : int;
  archive_size : int;
  sets : Header_set.t array;
  policies : (string * string) list;
  rules : rule list;
  header_rules : header_rule list;
  fallbacks : int array;  (** where each line starts *)
  entries : int array;
  read : (int, entry) Hashtbl.t;
}

exception Malformed of string

let fail format = Printf.ksprintf (fun s -> raise (Malformed ("index: " ^ s))) format
let version = 2

let number s =
  let digit = function '0' .. '9' -> true | _ -> false in
  if s = "" || String.length s > 15 || not (String.for_all digit s) then fail "%S is no number" s
  else int_of_string ("0u" ^ s)

let status s =
  let status = number s in
  if status < 200 || status > 599 then fail "status %S" s else status

let is_token = function
  | 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' -> true
  | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~' -> true
  | _ -> false

(* The server writes these itself: an index that sets them could break the framing. *)
let reserved =
  [
    "accept-ranges"; "connection"; "content-encoding"; "content-length"; "content-range"; "content-type"; "date";
    "etag"; "keep-alive"; "last-modified"; "location"; "trailer"; "transfer-encoding"; "upgrade";
  ]

let header_name ?(allowed = "") name =
  if name = "" || not (String.for_all is_token name) then fail "%S is no header name" name;
  let lower = String.lowercase_ascii name in
  if lower <> allowed && List.mem lower reserved then fail "header %s is the server's own" name;
  name

let header ?allowed field =
  match String.index_opt field ':' with
  | Some colon when colon + 1 < String.length field && field.[colon + 1] = ' ' ->
      let name = header_name ?allowed (String.sub field 0 colon) in
      (name, String.sub field (colon + 2) (String.length field - colon - 2))
  | _ -> fail "%S is not <Name: value>" field

let header_set = function
  | [ "" ] -> Header_set.empty
  | fields -> Header_set.of_list (List.map (fun field -> header field) fields)

let set_of sets field =
  let n = number field in
  if n < Array.length sets then sets.(n) else fail "set of headers %d is not there" n

let policy_line = function
  | [ name; value ] when name <> "" -> (name, value)
  | fields -> fail "%S is no policy" (String.concat "\t" fields)

let host = function "-" -> None | "" -> fail "an empty host" | host -> Some host

let pattern field =
  if field = "" || field.[0] <> '/' then fail "pattern %S does not begin with /" field;
  match Pattern.parse field with Some pattern -> pattern | None -> fail "pattern %S" field

let query name value =
  let decoded s =
    match Url_path.percent_decode s with Some text -> text | None -> fail "condition %S" s
  in
  let last = String.length value - 1 in
  if last > 1 && value.[0] = '{' && value.[last] = '}' then
    Query { name = decoded name; value = Captured (String.sub value 1 (last - 1)) }
  else Query { name = decoded name; value = Exactly (decoded value) }

let condition field =
  match String.split_on_char ' ' field with
  | [ "query"; name; value ] -> query name value
  | [ "language"; names ] -> Language (String.split_on_char ',' names)
  | [ "cookie"; names ] -> Cookie (String.split_on_char ',' names)
  | _ -> fail "condition %S" field

let is_redirect status = List.mem status [ 301; 302; 303; 307; 308 ]

let rule sets = function
  | force :: on_host :: path :: code :: set :: target :: conditions ->
      let forced =
        match force with "!" -> true | "-" -> false | other -> fail "a rule is forced by %S" other
      in
      let status = status code in
      if target = "" || ((not (is_redirect status)) && target.[0] <> '/') then
        fail "rule %S has no target" path;
      let headers = set_of sets set in
      let conditions = List.map condition conditions in
      { forced; host = host on_host; pattern = pattern path; status; target; headers; conditions }
  | _ -> fail "a rule has too few fields"

(* The type of an answer is one field of its entry, but a rule may change it as any other header. *)
let change field =
  let allowed = "content-type" in
  if field <> "" && field.[0] = '!' then
    Remove (String.lowercase_ascii (header_name ~allowed (String.sub field 1 (String.length field - 1))))
  else
    let name, value = header ~allowed field in
    Put (name, value)

let header_rule = function
  | scope :: on_host :: path :: changes ->
      let scope =
        match scope with "all" -> All | "miss" -> Miss | other -> fail "header rule for %S" other
      in
      { scope; host = host on_host; pattern = pattern path; changes = List.map change changes }
  | _ -> fail "a header rule has too few fields"

let is_etag s =
  let length = String.length s in
  length > 2 && s.[0] = '"'
  && s.[length - 1] = '"'
  && not (String.contains (String.sub s 1 (length - 2)) '"')

let representation t field =
  match String.split_on_char ' ' field with
  | [ coding; size; offset; etag ] ->
      let coding =
        match coding with
        | "identity" -> Identity
        | "zstd" -> Zstd
        | "br" -> Brotli
        | "gzip" -> Gzip
        | other -> fail "content coding %S" other
      in
      let size = number size and offset = t.base + number offset in
      if not (is_etag etag) then fail "entity tag %s" etag;
      if size > t.archive_size || offset > t.archive_size - size then
        fail "%d bytes at %d reach beyond the archive's %d bytes" size offset t.archive_size;
      { coding; size; offset; etag }
  | _ -> fail "representation %S" field

let line_end text at =
  match String.index_from_opt text at '\n' with
  | Some line_end -> line_end
  | None -> fail "the last line has no end"

let fields text at = String.split_on_char '\t' (String.sub text at (line_end text at - at))

(* The entry whose line starts at [at], its path left out. *)
let entry t at =
  match fields t.text at with
  | _ :: code :: set :: rest -> (
      let status = status code and headers = set_of t.sets set in
      match rest with
      | [ ">"; location ] when location <> "" && is_redirect status ->
          { status; headers; answer = Redirect location }
      | content_type :: modified :: identity :: encoded when content_type <> ">" && not (is_redirect status) ->
          let modified = number modified in
          let identity = representation t identity in
          let encoded = List.map (representation t) encoded in
          if identity.coding <> Identity then fail "the first representation is not the identity";
          if List.exists (fun { coding; _ } -> coding = Identity) encoded then fail "two identities";
          { status; headers; answer = Body { content_type; modified; identity; encoded } }
      | _ -> fail "a line of status %d has other fields than belong to it" status)
  | _ -> fail "a line has too few fields"

(* Compares the path that starts at [at] with the first [length] bytes of [path]. It ends in TAB, and no
   field holds a control character. Without a closure: a look compares a dozen times and allocates nothing. *)
let rec compare_from i text at path length =
  let c = String.unsafe_get text (at + i) in
  if i = length then if c = '\t' then 0 else 1
  else if c = '\t' then -1
  else
    let d = Char.compare c (String.unsafe_get path i) in
    if d <> 0 then d else compare_from (i + 1) text at path length

let compare_path text at path length = compare_from 0 text at path length

let check_paths t starts ~directories =
  let check i at =
    let path = List.hd (fields t.text at) in
    (match entry t at with _ -> () | exception Malformed reason -> fail "%S: %s" path reason);
    let length = String.length path in
    if length = 0 || path.[0] <> '/' then fail "path %S does not begin with /" path;
    if directories && path.[length - 1] <> '/' then fail "fallback %S does not end in /" path;
    if i > 0 && compare_path t.text starts.(i - 1) path length >= 0 then
      fail "%S stands twice or out of order" path
  in
  Array.iteri check starts

(* Reads the line "<name>\t<number>" at [at]; returns the number and where the next line starts. *)
let numbered text at name =
  match if at < String.length text then fields text at else [] with
  | [ first; value ] when first = name -> (number value, line_end text at + 1)
  | _ -> fail "no line `%s`" name

(* The starts of the lines that follow one that says how many they are, and where the next line starts. *)
let section text at name =
  let count, at = numbered text at name in
  if count > String.length text - at then fail "%d lines cannot be in %d bytes" count (String.length text - at);
  let starts = Array.make count 0 in
  let rec go i at =
    if i = count then at
    else (
      if at >= String.length text then fail "fewer lines than the %d of `%s`" count name;
      starts.(i) <- at;
      go (i + 1) (line_end text at + 1))
  in
  let next = go 0 at in
  (starts, next)

let parse_exn text ~base ~archive_size =
  let check c = if (c < ' ' && c <> '\t' && c <> '\n') || c = '\127' then fail "a control character" in
  String.iter check text;
  let found, at = numbered text 0 "mirage-pages-index" in
  if found <> version then fail "format version %d; this server reads version %d" found version;
  let stated_base, at = numbered text at "base" in
  if stated_base <> base then fail "base %d, but the index ends at %d" stated_base base;
  let read parse starts = Array.map (fun at -> parse (fields text at)) starts in
  let starts, at = section text at "headers" in
  let sets = read header_set starts in
  let starts, at = section text at "policies" in
  let policies = Array.to_list (read policy_line starts) in
  let starts, at = section text at "rules" in
  let rules = Array.to_list (read (rule sets) starts) in
  let starts, at = section text at "header-rules" in
  let header_rules = Array.to_list (read header_rule starts) in
  let fallbacks, at = section text at "fallbacks" in
  let entries, at = section text at "entries" in
  if at <> String.length text then fail "more lines than it states";
  let t = { text; base; archive_size; sets; policies; rules; header_rules; fallbacks; entries; read = Hashtbl.create 64 } in
  check_paths t fallbacks ~directories:true;
  check_paths t entries ~directories:false;
  t

let parse text ~base ~archive_size =
  match parse_exn text ~base ~archive_size with t -> Ok t | exception Malformed reason -> Error reason

let length t = Array.length t.entries + Array.length t.fallbacks
let policy t name = List.assoc_opt name t.policies
let rules t = t.rules
let header_rules t = t.header_rules

(* Entries that were asked for, by where their lines start: a popular page's line is read once. *)
let most_remembered = 512

let remembered t at =
  match Hashtbl.find_opt t.read at with
  | Some entry -> entry
  | None ->
      let entry = entry t at in
      if Hashtbl.length t.read >= most_remembered then Hashtbl.reset t.read;
      Hashtbl.replace t.read at entry;
      entry

let search t starts path length =
  let rec go low high =
    if low >= high then None
    else
      let middle = (low + high) / 2 in
      let order = compare_path t.text starts.(middle) path length in
      if order = 0 then Some (remembered t starts.(middle))
      else if order < 0 then go (middle + 1) high
      else go low middle
  in
  go 0 (Array.length starts)

let exact t path = search t t.entries path (String.length path)

let fallback t path =
  let rec up last =
    match String.rindex_from_opt path last '/' with
    | None -> None
    | Some slash -> (
        match search t t.fallbacks path (slash + 1) with
        | Some entry -> Some entry
        | None -> if slash = 0 then None else up (slash - 1))
  in
  if path = "" then None else up (String.length path - 1)
