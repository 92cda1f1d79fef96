type meth = Get | Head | Other of string

type t = {
  meth : meth;
  path : string;
  query : string option;
  host : string option;
  keep_alive : bool;
  http_1_0 : bool;
  has_body : bool;
  headers : (string * string) list;
}

type error = { status : int; reason : string }
type progress = Request of t | Incomplete | Refused of error

exception Refuse of error

let refuse status reason = raise (Refuse { status; reason })
let max_line = 8_192
let max_headers = 16_384
let max_header_count = 100

(* [data] holds the unread bytes from [start] to [stop]; [scanned] is how far a line end was looked
   for, [line] where the unfinished line starts, [count] how many whole lines the head has so far. *)
type buffer = {
  mutable data : Bytes.t;
  mutable start : int;
  mutable stop : int;
  mutable scanned : int;
  mutable line : int;
  mutable count : int;
  mutable headers_at : int;  (** where the first header line starts; 0 while the request line is unread *)
}

let small = 1_024

let create () =
  { data = Bytes.empty; start = 0; stop = 0; scanned = 0; line = 0; count = 0; headers_at = 0 }

let size b = b.stop - b.start
let is_empty b = size b = 0

let restart b ~at =
  b.start <- at;
  b.scanned <- at;
  b.line <- at;
  b.count <- 0;
  if b.start = b.stop then (
    b.start <- 0;
    b.stop <- 0;
    b.scanned <- 0;
    b.line <- 0;
    (* A connection at rest holds nothing. *)
    b.data <- Bytes.empty)

let shift b =
  let by = b.start in
  Bytes.blit b.data by b.data 0 (b.stop - by);
  b.start <- 0;
  b.stop <- b.stop - by;
  b.scanned <- b.scanned - by;
  b.line <- b.line - by;
  b.headers_at <- b.headers_at - by

let feed b bytes offset length =
  if b.stop + length > Bytes.length b.data then (
    if b.start > 0 then shift b;
    if b.stop + length > Bytes.length b.data then (
      let grown = Bytes.create (max small (max (b.stop + length) (2 * Bytes.length b.data))) in
      Bytes.blit b.data 0 grown 0 b.stop;
      b.data <- grown));
  Bytes.blit bytes offset b.data b.stop length;
  b.stop <- b.stop + length

let is_token = function
  | 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' -> true
  | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~' -> true
  | _ -> false

let is_digit = function '0' .. '9' -> true | _ -> false

let split_host value =
  let host_char = function 'a' .. 'z' | '0' .. '9' | '-' | '.' | '_' -> true | _ -> false in
  let ipv6_char = function 'a' .. 'f' | '0' .. '9' | ':' | '.' -> true | _ -> false in
  let value = String.lowercase_ascii value in
  let length = String.length value in
  let split at =
    if at = length then Some (value, None)
    else if value.[at] <> ':' then None
    else
      let port = String.sub value (at + 1) (length - at - 1) in
      if String.length port > 5 || not (String.for_all is_digit port) then None
      else Some (String.sub value 0 at, if port = "" then None else Some port)
  in
  if length = 0 || length > 300 then None
  else if value.[0] = '[' then
    match String.index_opt value ']' with
    | Some close when close > 1 && String.for_all ipv6_char (String.sub value 1 (close - 1)) ->
        split (close + 1)
    | _ -> None
  else
    let name_end = Option.value (String.index_opt value ':') ~default:length in
    if name_end > 0 && String.for_all host_char (String.sub value 0 name_end) then split name_end else None

let checked_host value =
  if value <> "" && split_host value = None then refuse 400 "The host is not a host name.";
  if value = "" then None else Some value

let find name headers =
  List.filter_map (fun (other, value) -> if other = name then Some value else None) headers

let header t name =
  match find name t.headers with
  | [] -> None
  | [ value ] -> Some value
  | values -> Some (String.concat ", " values)

let split_query target =
  match String.index_opt target '?' with
  | None -> (target, None)
  | Some mark ->
      let after = mark + 1 in
      (String.sub target 0 mark, Some (String.sub target after (String.length target - after)))

(* The four forms of a target (RFC 9112, 3.2): path, query and, for the absolute form, the authority. *)
let target_of meth target =
  let absolute scheme =
    let prefix = String.length scheme in
    if String.length target > prefix && String.lowercase_ascii (String.sub target 0 prefix) = scheme then
      let rest = String.sub target prefix (String.length target - prefix) in
      let rec authority i =
        if i = String.length rest then i else match rest.[i] with '/' | '?' -> i | _ -> authority (i + 1)
      in
      let stop = authority 0 in
      let path, query = split_query (String.sub rest stop (String.length rest - stop)) in
      Some ((if path = "" then "/" else path), query, Some (String.sub rest 0 stop))
    else None
  in
  if target.[0] = '/' then
    let path, query = split_query target in
    (path, query, None)
  else
    match (absolute "http://", absolute "https://", meth) with
    | Some form, _, _ | None, Some form, _ -> form
    | None, None, Other "OPTIONS" when target = "*" -> (target, None, None)
    | None, None, Other "CONNECT" -> (target, None, None)
    | None, None, _ -> refuse 400 "The request target is neither a path nor a URL."

let request_line line =
  match String.split_on_char ' ' line with
  | [ meth; target; version ] ->
      if meth = "" || not (String.for_all is_token meth) then refuse 400 "The method is no token.";
      if target = "" || String.exists (fun c -> c <= ' ' || c = '\127') target then
        refuse 400 "The request target is not one.";
      let http_1_0 =
        if String.length version <> 8 || String.sub version 0 5 <> "HTTP/" || version.[6] <> '.' then
          refuse 400 "The request line names no HTTP version."
        else
          match (version.[5], version.[7]) with
          | '1', '0' -> true
          | '1', '1' .. '9' -> false
          | _ -> refuse 505 "This server speaks HTTP/1.1."
      in
      let meth = match meth with "GET" -> Get | "HEAD" -> Head | other -> Other other in
      (meth, target, http_1_0)
  | _ -> refuse 400 "The request line is not <method> <target> <version>."

let trim line ~from =
  let blank c = c = ' ' || c = '\t' in
  let rec first i = if i < String.length line && blank line.[i] then first (i + 1) else i in
  let from = first from in
  let rec last i = if i > from && blank line.[i - 1] then last (i - 1) else i in
  String.sub line from (last (String.length line) - from)

let header_line line =
  if line.[0] = ' ' || line.[0] = '\t' then refuse 400 "Folded header lines are not accepted.";
  match String.index_opt line ':' with
  | Some colon when colon > 0 ->
      let name = String.sub line 0 colon in
      if not (String.for_all is_token name) then refuse 400 "A header name is no token.";
      if String.exists (fun c -> (c < ' ' && c <> '\t') || c = '\127') line then
        refuse 400 "A header holds a control character.";
      (String.lowercase_ascii name, trim line ~from:(colon + 1))
  | _ -> refuse 400 "A header line has no name."

let options_of headers name =
  String.split_on_char ',' (String.concat "," (find name headers))
  |> List.map (fun option -> String.lowercase_ascii (String.trim option))

let has_body headers =
  if find "transfer-encoding" headers <> [] then
    if find "content-length" headers <> [] then refuse 400 "Both Content-Length and Transfer-Encoding."
    else true
  else
    match find "content-length" headers with
    | [] -> false
    | [ length ] when length <> "" && String.for_all is_digit length -> String.exists (( <> ) '0') length
    | _ -> refuse 400 "Content-Length is no single number."

let request lines =
  match lines with
  | [] -> refuse 400 "An empty request."
  | first :: rest ->
      let meth, target, http_1_0 = request_line first in
      let headers = List.map header_line rest in
      let path, query, authority = target_of meth target in
      let host =
        match (find "host" headers, authority) with
        | [ host ], None -> checked_host host
        | [ host ], Some authority ->
            ignore (checked_host host : string option);
            checked_host authority
        | [], _ when not http_1_0 -> refuse 400 "HTTP/1.1 asks for a Host header."
        | [], authority -> Option.bind authority checked_host
        | _ -> refuse 400 "More than one Host header."
      in
      let connection = options_of headers "connection" in
      let keep_alive =
        (not (List.mem "close" connection)) && ((not http_1_0) || List.mem "keep-alive" connection)
      in
      { meth; path; query; host; keep_alive; http_1_0; has_body = has_body headers; headers }

(* The head's lines, their CRLF taken off, without the empty one that ends it. *)
let lines_of b ~until =
  let rec go at lines =
    if at >= until then List.rev lines
    else
      let lf = Bytes.index_from b.data at '\n' in
      let line = Bytes.sub_string b.data at (lf - 1 - at) in
      if String.contains line '\r' then refuse 400 "A carriage return inside a line.";
      go (lf + 1) (line :: lines)
  in
  go b.start []

let check_sizes b ~at =
  if b.count = 0 then (
    if at - b.line > max_line then refuse 414 "The request line is longer than 8,192 bytes.")
  else if at - b.headers_at > max_headers then refuse 431 "The headers are longer than 16,384 bytes."

let rec scan b =
  let rec line_feed at =
    if at = b.stop then None else if Bytes.get b.data at = '\n' then Some at else line_feed (at + 1)
  in
  match line_feed b.scanned with
  | None ->
      b.scanned <- b.stop;
      check_sizes b ~at:b.stop;
      Incomplete
  | Some lf ->
      check_sizes b ~at:lf;
      if lf = b.line || Bytes.get b.data (lf - 1) <> '\r' then
        refuse 400 "A line that does not end in CRLF.";
      let line = b.line in
      let empty = lf - line = 1 in
      b.scanned <- lf + 1;
      b.line <- lf + 1;
      if not empty then (
        if b.count = 0 then b.headers_at <- lf + 1;
        if b.count > max_header_count then refuse 431 "More than 100 header lines.";
        b.count <- b.count + 1;
        scan b)
      else if b.count = 0 then (
        (* RFC 9112, 2.2: empty lines before a request line are passed over. *)
        restart b ~at:(lf + 1);
        scan b)
      else
        let request = request (lines_of b ~until:line) in
        restart b ~at:(lf + 1);
        Request request

let next b = match scan b with progress -> progress | exception Refuse error -> Refused error

let of_http2 ~meth ~path ~authority ~headers =
  let sizes = List.fold_left (fun sum (name, value) -> sum + String.length name + String.length value + 4) in
  let checked () =
    let length = String.length path in
    if meth = "" || not (String.for_all is_token meth) then refuse 400 "The method is no token.";
    if length > max_line then refuse 414 "The path is longer than 8,192 bytes.";
    if sizes 0 headers > max_headers then refuse 431 "The headers are longer than 16,384 bytes.";
    if List.compare_length_with headers max_header_count > 0 then refuse 431 "More than 100 header lines.";
    if String.exists (fun c -> c <= ' ' || c = '\127') path then refuse 400 "The path is not one.";
    let meth = match meth with "GET" -> Get | "HEAD" -> Head | other -> Other other in
    if not (length > 0 && (path.[0] = '/' || (path = "*" && meth = Other "OPTIONS"))) then
      refuse 400 "The path does not begin with a slash.";
    let path, query = split_query path in
    let host =
      match (authority, find "host" headers) with
      | Some host, [] | None, [ host ] -> checked_host host
      | Some host, [ other ] when String.lowercase_ascii host = String.lowercase_ascii other ->
          checked_host host
      | None, [] -> refuse 400 "A request without a host."
      | _ -> refuse 400 "More than one host."
    in
    { meth; path; query; host; keep_alive = true; http_1_0 = false; has_body = false; headers }
  in
  match checked () with request -> Ok request | exception Refuse error -> Error error
