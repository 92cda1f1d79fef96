let most_of_target = 2_048
let most_of_referer = 1_024
let most_of_agent = 512

(* The first three of the eight groups, those that "::" stands for among them. *)
let truncated_ipv6 address =
  let groups text = List.filter (( <> ) "") (String.split_on_char ':' text) in
  let rec gap i =
    if i + 1 >= String.length address then None
    else if address.[i] = ':' && address.[i + 1] = ':' then Some i
    else gap (i + 1)
  in
  let all =
    match gap 0 with
    | None -> groups address
    | Some at ->
        let before = groups (String.sub address 0 at) in
        let after = groups (String.sub address (at + 2) (String.length address - at - 2)) in
        let zeros = max 0 (8 - List.length before - List.length after) in
        before @ List.init zeros (fun _ -> "0") @ after
  in
  let rec significant = function "0" :: rest -> significant rest | groups -> List.rev groups in
  let kept = significant (List.rev (List.filteri (fun i _ -> i < 3) all)) in
  String.concat ":" kept ^ "::"

let truncated address =
  let after_last c =
    match String.rindex_opt address c with None -> 0 | Some at -> at + 1
  in
  match (String.contains address '.', String.contains address ':') with
  (* An IPv4 address may come as an IPv6 one that stands for it: ::ffff:192.0.2.1. *)
  | true, _ ->
      let start = after_last ':' in
      String.sub address start (after_last '.' - start) ^ "0"
  | false, true -> truncated_ipv6 address
  | false, false -> "-"

let add_escaped b text ~most =
  let add = function
    | ('"' | '\\') as c ->
        Buffer.add_char b '\\';
        Buffer.add_char b c
    | ' ' .. '~' as c -> Buffer.add_char b c
    | c -> Printf.bprintf b "\\x%02x" (Char.code c)
  in
  String.iter add (if String.length text > most then String.sub text 0 most else text)

let add_quoted b text ~most =
  Buffer.add_string b " \"";
  if text = "" then Buffer.add_char b '-' else add_escaped b text ~most;
  Buffer.add_char b '"'

(* "Sun, 06 Nov 1994 08:49:37 GMT" has the same parts. *)
let add_time b time =
  let date = Http_date.format time in
  let part at length = Buffer.add_substring b date at length in
  part 5 2;
  Buffer.add_char b '/';
  part 8 3;
  Buffer.add_char b '/';
  part 12 4;
  Buffer.add_char b ':';
  part 17 8

let add_request b ~http_2 { Request.meth; path; query; http_1_0; _ } =
  let meth = match meth with Get -> "GET" | Head -> "HEAD" | Other name -> name in
  add_escaped b meth ~most:32;
  Buffer.add_char b ' ';
  add_escaped b (match query with None -> path | Some query -> path ^ "?" ^ query) ~most:most_of_target;
  Buffer.add_string b (if http_2 then " HTTP/2.0" else if http_1_0 then " HTTP/1.0" else " HTTP/1.1")

let format ~address ~time ~http_2 request (response : Response.t) =
  let b = Buffer.create 256 in
  let header name = Option.value (Option.bind request (fun r -> Request.header r name)) ~default:"" in
  Buffer.add_string b address;
  Buffer.add_string b " - - [";
  add_time b time;
  Buffer.add_string b " +0000] \"";
  (match request with None -> Buffer.add_char b '-' | Some request -> add_request b ~http_2 request);
  Printf.bprintf b "\" %d " response.status;
  if response.body = [] then Buffer.add_char b '-' else Printf.bprintf b "%d" response.length;
  add_quoted b (header "referer") ~most:most_of_referer;
  add_quoted b (header "user-agent") ~most:most_of_agent;
  Buffer.add_char b '\n';
  Buffer.contents b
