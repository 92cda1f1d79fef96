type t = {
  text : string;
  base : int;
  exact : int array;  (** where the path of each [=] line starts *)
  fallback : int array;  (** where the path of each [!] line starts *)
}

type entry = {
  status : int;
  size : int;
  offset : int;
  etag : string option;
  content_type : string option;
  headers : (string * string) list;
}

exception Malformed of string

let fail format = Printf.ksprintf (fun s -> raise (Malformed ("index: " ^ s))) format

(* Compares the field that starts at [at] with the first [length] bytes of [path]. A field ends in TAB,
   and no field holds a control character. *)
let compare_field text at path length =
  let rec go i =
    let c = String.unsafe_get text (at + i) in
    if i = length then if c = '\t' then 0 else 1
    else if c = '\t' then -1
    else
      let d = Char.compare c (String.unsafe_get path i) in
      if d <> 0 then d else go (i + 1)
  in
  go 0

let field_end text at =
  let rec go i = match text.[i] with '\t' | '\n' -> i | _ -> go (i + 1) in
  go at

let number text ~from ~until =
  let rec go i value =
    if i = until then value
    else
      match text.[i] with
      | '0' .. '9' as c -> go (i + 1) ((value * 10) + Char.code c - 48)
      | _ -> fail "%S is no number" (String.sub text from (until - from))
  in
  if until = from || until - from > 15 then fail "%S is no number" (String.sub text from (until - from))
  else go from 0

let optional text ~from ~until =
  match String.sub text from (until - from) with "-" -> None | value -> Some value

(* The server writes these itself: an index that sets them could break the framing. *)
let reserved =
  [
    "connection"; "content-length"; "content-type"; "date"; "etag"; "keep-alive"; "trailer";
    "transfer-encoding"; "upgrade";
  ]

let is_token = function
  | 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' -> true
  | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~' -> true
  | _ -> false

let header text ~from ~until =
  match String.index_from_opt text from ':' with
  | Some colon when colon > from && colon + 1 < until && text.[colon + 1] = ' ' ->
      let name = String.sub text from (colon - from) in
      if not (String.for_all is_token name) then fail "%S is no header name" name;
      if List.mem (String.lowercase_ascii name) reserved then fail "header %s is the server's own" name;
      (name, String.sub text (colon + 2) (until - colon - 2))
  | _ -> fail "%S is not <Name: value>" (String.sub text from (until - from))

(* Everything after the path of the line whose path starts at [at]. *)
let entry t at =
  let text = t.text in
  let path_end = field_end text at in
  let next from =
    if text.[from] <> '\t' then fail "a line of %S has too few fields" (String.sub text at (path_end - at));
    (from + 1, field_end text (from + 1))
  in
  let status_at, status_end = next path_end in
  let size_at, size_end = next status_end in
  let offset_at, offset_end = next size_end in
  let etag_at, etag_end = next offset_end in
  let type_at, type_end = next etag_end in
  let rec headers from =
    if text.[from] = '\n' then []
    else
      let at, until = next from in
      let first = header text ~from:at ~until in
      first :: headers until
  in
  {
    status = number text ~from:status_at ~until:status_end;
    size = number text ~from:size_at ~until:size_end;
    offset = t.base + number text ~from:offset_at ~until:offset_end;
    etag = optional text ~from:etag_at ~until:etag_end;
    content_type = optional text ~from:type_at ~until:type_end;
    headers = headers type_end;
  }

let is_etag s =
  let length = String.length s in
  length > 2 && s.[0] = '"'
  && s.[length - 1] = '"'
  && not (String.contains (String.sub s 1 (length - 2)) '"')

let check_entry t ~archive_size at =
  let entry = entry t at in
  let path = String.sub t.text at (field_end t.text at - at) in
  if path = "" || path.[0] <> '/' then fail "path %S does not begin with /" path;
  if entry.status < 200 || entry.status > 599 then fail "%S: status %d" path entry.status;
  if entry.size > archive_size || entry.offset > archive_size - entry.size then
    fail "%S: %d bytes at %d reach beyond the archive's %d bytes" path entry.size entry.offset archive_size;
  (match entry.etag with
  | Some etag when not (is_etag etag) -> fail "%S: entity tag %s" path etag
  | _ -> ());
  let redirects = match entry.status with 301 | 302 | 303 | 307 | 308 -> true | _ -> false in
  let has_location = List.exists (fun (name, _) -> String.lowercase_ascii name = "location") entry.headers in
  if redirects && not has_location then fail "%S: status %d without a Location" path entry.status

let check_sorted t starts =
  for i = 1 to Array.length starts - 1 do
    let path = String.sub t.text starts.(i) (field_end t.text starts.(i) - starts.(i)) in
    if compare_field t.text starts.(i - 1) path (String.length path) >= 0 then
      fail "%S stands twice or out of order" path
  done

(* Reads the line "<name>\t<number>\n" at [at]; returns the number and where the next line starts. *)
let preamble text at name =
  let until =
    match String.index_from_opt text at '\n' with Some n -> n | None -> fail "no line `%s`" name
  in
  let tab = at + String.length name in
  if tab >= until || String.sub text at (tab - at) <> name || text.[tab] <> '\t' then
    fail "no line `%s`" name;
  (number text ~from:(tab + 1) ~until, until + 1)

let parse_exn text ~base ~archive_size =
  let check c = if (c < ' ' && c <> '\t' && c <> '\n') || c = '\127' then fail "a control character" in
  String.iter check text;
  if text = "" || text.[String.length text - 1] <> '\n' then fail "the last line has no end";
  let version, at = preamble text 0 "mirage-pages-index" in
  if version <> 1 then fail "format version %d; this server reads version 1" version;
  let stated_base, at = preamble text at "base" in
  if stated_base <> base then fail "base %d, but the index ends at %d" stated_base base;
  let entries, at = preamble text at "entries" in
  if entries > String.length text then fail "%d entries cannot be in %d bytes" entries (String.length text);
  let exact = Array.make entries 0 and fallback = Array.make entries 0 in
  let rec lines at ~seen ~n_exact ~n_fallback =
    if at = String.length text then (seen, n_exact, n_fallback)
    else if seen = entries then fail "more lines than the %d entries it states" entries
    else
      let line_end = String.index_from text at '\n' in
      let kind_end = field_end text at in
      if text.[kind_end] <> '\t' then fail "a line without a path";
      let seen = seen + 1 and next = line_end + 1 in
      match String.sub text at (kind_end - at) with
      | "=" ->
          exact.(n_exact) <- kind_end + 1;
          lines next ~seen ~n_exact:(n_exact + 1) ~n_fallback
      | "!" ->
          fallback.(n_fallback) <- kind_end + 1;
          lines next ~seen ~n_exact ~n_fallback:(n_fallback + 1)
      | _ -> lines next ~seen ~n_exact ~n_fallback
  in
  let seen, n_exact, n_fallback = lines at ~seen:0 ~n_exact:0 ~n_fallback:0 in
  if seen <> entries then fail "%d lines where it states %d entries" seen entries;
  let t = { text; base; exact = Array.sub exact 0 n_exact; fallback = Array.sub fallback 0 n_fallback } in
  Array.iter (check_entry t ~archive_size) t.exact;
  Array.iter (check_entry t ~archive_size) t.fallback;
  Array.iter
    (fun at -> if t.text.[field_end text at - 1] <> '/' then fail "a ! path that does not end in /")
    t.fallback;
  check_sorted t t.exact;
  check_sorted t t.fallback;
  t

let parse text ~base ~archive_size =
  match parse_exn text ~base ~archive_size with t -> Ok t | exception Malformed reason -> Error reason

let length t = Array.length t.exact + Array.length t.fallback

let search t starts path length =
  let rec go low high =
    if low >= high then None
    else
      let middle = (low + high) / 2 in
      let order = compare_field t.text starts.(middle) path length in
      if order = 0 then Some (entry t starts.(middle))
      else if order < 0 then go (middle + 1) high
      else go low middle
  in
  go 0 (Array.length starts)

let exact t path = search t t.exact path (String.length path)

let fallback t path =
  let rec up last =
    match String.rindex_from_opt path last '/' with
    | None -> None
    | Some slash -> (
        match search t t.fallback path (slash + 1) with
        | Some entry -> Some entry
        | None -> if slash = 0 then None else up (slash - 1))
  in
  if path = "" then None else up (String.length path - 1)
