type token = Text of string | Segment of string | Any
type t = token array

let is_letter = function 'a' .. 'z' | 'A' .. 'Z' -> true | _ -> false
let is_word c = is_letter c || match c with '0' .. '9' | '_' -> true | _ -> false

(* The end of the name whose colon stands at [at], if a whole segment is one. *)
let segment_end s at =
  let length = String.length s in
  let rec stop i = if i < length && is_word s.[i] then stop (i + 1) else i in
  if at > 0 && s.[at - 1] = '/' && at + 1 < length && is_letter s.[at + 1] then
    let stop = stop (at + 1) in
    if stop = length || s.[stop] = '/' then Some stop else None
  else None

let parse s =
  let length = String.length s in
  let exception Broken in
  let text from until tokens =
    if from = until then tokens
    else
      match Url_path.percent_decode (String.sub s from (until - from)) with
      | Some text -> Text text :: tokens
      | None -> raise Broken
  in
  let rec go from at tokens =
    if at = length then List.rev (text from at tokens)
    else
      match s.[at] with
      | '*' -> go (at + 1) (at + 1) (Any :: text from at tokens)
      | ':' -> (
          match segment_end s at with
          | Some stop ->
              go stop stop (Segment (String.sub s (at + 1) (stop - at - 1)) :: text from at tokens)
          | None -> go from (at + 1) tokens)
      | _ -> go from (at + 1) tokens
  in
  match go 0 0 [] with tokens -> Some (Array.of_list tokens) | exception Broken -> None

let has_prefix path ~at text =
  let length = String.length text in
  let rec same i = i = length || (path.[at + i] = text.[i] && same (i + 1)) in
  String.length path - at >= length && same 0

(* [retry] is the last [*] passed: its token, where its text starts, and where it ends so far; when what
   follows does not match, it takes one character more. *)
let match_whole t path =
  let length = String.length path in
  let text (from, until) = String.sub path from (until - from) in
  let rec go token at names retry =
    if token = Array.length t then if at = length then Some (names, retry) else again retry
    else
      match t.(token) with
      | Any -> go (token + 1) at names (Some (token, at, at, names))
      | Text prefix ->
          if has_prefix path ~at prefix then go (token + 1) (at + String.length prefix) names retry
          else again retry
      | Segment name ->
          let stop = Option.value (String.index_from_opt path at '/') ~default:length in
          if stop > at then go (token + 1) stop ((name, (at, stop)) :: names) retry else again retry
  and again = function
    | Some (token, from, at, names) when at < length ->
        go (token + 1) (at + 1) names (Some (token, from, at + 1, names))
    | _ -> None
  in
  match go 0 0 [] None with
  | None -> None
  | Some (names, retry) ->
      let names = List.map (fun (name, range) -> (name, text range)) names in
      Some (match retry with None -> names | Some (_, from, at, _) -> ("splat", text (from, at)) :: names)

let matches t path =
  match match_whole t path with
  | Some names -> Some names
  | None ->
      let last = String.length path - 1 in
      if last >= 0 && path.[last] = '/' then match_whole t (String.sub path 0 last)
      else match_whole t (path ^ "/")
