type outcome = { status : int; target : string; headers : Header_set.t }
type found = { outcome : outcome option; vary : string list }

let of_host rule_host host = match rule_host with None -> true | Some _ -> rule_host = host

(* Parameters of a query, percent-decoded; [+] is a space in forms. *)
let parameters query =
  let decoded s =
    let s = String.map (function '+' -> ' ' | c -> c) s in
    Option.value (Url_path.percent_decode s) ~default:s
  in
  let parameter s =
    match String.index_opt s '=' with
    | None -> (decoded s, "")
    | Some n -> (decoded (String.sub s 0 n), decoded (String.sub s (n + 1) (String.length s - n - 1)))
  in
  match query with
  | None | Some "" -> []
  | Some query -> List.map parameter (String.split_on_char '&' query)

let cookies request =
  match Request.header request "cookie" with
  | None -> []
  | Some value ->
      List.filter_map
        (fun pair -> Option.map (fun n -> String.trim (String.sub pair 0 n)) (String.index_opt pair '='))
        (String.split_on_char ';' value)

(* [en-GB] is meant by [en] too. *)
let speaks preferred languages =
  match preferred with
  | None -> false
  | Some tag ->
      let primary = List.hd (String.split_on_char '-' tag) in
      List.mem tag languages || List.mem primary languages

(* What a condition captures; [None] where it does not hold. *)
let holds request = function
  | Index.Query { name; value } -> (
      match (List.assoc_opt name (parameters request.Request.query), value) with
      | Some found, Exactly wanted -> if found = wanted then Some [] else None
      | Some found, Captured capture -> Some [ (capture, found) ]
      | None, _ -> None)
  | Language languages ->
      if speaks (Accept.language (Request.header request "accept-language")) languages then Some [] else None
  | Cookie names ->
      let sent = cookies request in
      if List.exists (fun name -> List.mem name sent) names then Some [] else None

let all_hold request conditions =
  List.fold_left
    (fun captured condition ->
      match captured with
      | None -> None
      | Some captured -> Option.map (fun more -> more @ captured) (holds request condition))
    (Some []) conditions

let varies (rule : Index.rule) =
  List.filter_map
    (function Index.Query _ -> None | Language _ -> Some "Accept-Language" | Cookie _ -> Some "Cookie")
    rule.conditions

(* Only a splat has slashes that part a path. *)
let encoded name value =
  let text = Url_path.encode value in
  if name = "splat" || not (String.contains text '/') then text
  else String.concat "%2F" (String.split_on_char '/' text)

(* Puts captures in where the target says [{name}]; a name without a capture stands for nothing. *)
let substitute target captured ~encode =
  if not (String.contains target '{') then target
  else
    let b = Buffer.create 128 in
    let length = String.length target in
    let rec go i =
      if i < length then
        match if target.[i] = '{' then String.index_from_opt target i '}' else None with
        | Some close ->
            let name = String.sub target (i + 1) (close - i - 1) in
            let value = Option.value (List.assoc_opt name captured) ~default:"" in
            Buffer.add_string b (if encode then encoded name value else value);
            go (close + 1)
        | None ->
            Buffer.add_char b target.[i];
            go (i + 1)
    in
    go 0;
    Buffer.contents b

(* A capture that begins with a slash must not make another host of a path. *)
let rec one_slash target =
  if String.length target > 1 && target.[0] = '/' && target.[1] = '/' then
    one_slash (String.sub target 1 (String.length target - 1))
  else target

let is_redirect status = status >= 300 && status < 400

let apply (rule : Index.rule) captured ~path =
  let redirects = is_redirect rule.status in
  let target = one_slash (substitute rule.target captured ~encode:redirects) in
  if redirects && target = Url_path.encode path then None
  else Some { status = rule.status; target; headers = rule.headers }

let find rules request ~host ~path ~forced =
  let rec go rules vary =
    match rules with
    | [] -> { outcome = None; vary }
    | (rule : Index.rule) :: rest -> (
        if (forced && not rule.forced) || not (of_host rule.host host) then go rest vary
        else
          match Pattern.matches rule.pattern path with
          | None -> go rest vary
          | Some captured -> (
              let vary = List.sort_uniq String.compare (varies rule @ vary) in
              match all_hold request rule.conditions with
              | None -> go rest vary
              | Some more -> (
                  match apply rule (more @ captured) ~path with
                  | None -> go rest vary
                  | outcome -> { outcome; vary })))
  in
  go rules []

let name_of = function Index.Put (name, _) -> String.lowercase_ascii name | Remove name -> name

(* A later value of the same name is joined to the earlier one. *)
let join changes change =
  let same = List.find_opt (fun other -> name_of other = name_of change) changes in
  let others = List.filter (fun other -> name_of other <> name_of change) changes in
  match (same, change) with
  | Some (Put (_, before)), Index.Put (name, value) -> others @ [ Index.Put (name, before ^ ", " ^ value) ]
  | _ -> others @ [ change ]

(* A capture as a header may hold it. *)
let visible text =
  let b = Buffer.create (String.length text) in
  String.iter
    (fun c -> if c >= ' ' && c <= '~' then Buffer.add_char b c else Printf.bprintf b "%%%02X" (Char.code c))
    text;
  Buffer.contents b

(* [:name] in a header's value stands for what the pattern captured under it. *)
let fill captured = function
  | Index.Put (name, value) when captured <> [] && String.contains value ':' ->
      let b = Buffer.create (String.length value) in
      let length = String.length value in
      let rec word i = if i < length && Pattern.is_word value.[i] then word (i + 1) else i in
      let rec go i =
        if i < length then
          let stop = if value.[i] = ':' then word (i + 1) else i in
          match List.assoc_opt (if stop > i then String.sub value (i + 1) (stop - i - 1) else "") captured with
          | Some text ->
              Buffer.add_string b (visible text);
              go stop
          | None ->
              Buffer.add_char b value.[i];
              go (i + 1)
      in
      go 0;
      Index.Put (name, Buffer.contents b)
  | change -> change

let changes rules ~host ~path ~miss =
  List.fold_left
    (fun changes (rule : Index.header_rule) ->
      let concerns = (rule.scope = All || miss) && of_host rule.host host in
      match if concerns then Pattern.matches rule.pattern path else None with
      | Some captured -> List.fold_left join changes (List.map (fill captured) rule.changes)
      | None -> changes)
    [] rules
