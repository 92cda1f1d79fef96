type t = Path of string | Moved of string | Invalid

exception Broken

let hex = function
  | '0' .. '9' as c -> Char.code c - 48
  | 'a' .. 'f' as c -> Char.code c - 87
  | 'A' .. 'F' as c -> Char.code c - 55
  | _ -> raise Broken

let decode_exn path =
  if not (String.contains path '%') then path
  else
    let length = String.length path in
    let decoded = Buffer.create length in
    let rec go i =
      if i < length then
        match path.[i] with
        | '%' ->
            if i + 2 >= length then raise Broken;
            Buffer.add_char decoded (Char.chr ((hex path.[i + 1] * 16) + hex path.[i + 2]));
            go (i + 3)
        | c ->
            Buffer.add_char decoded c;
            go (i + 1)
    in
    go 0;
    Buffer.contents decoded

let percent_decode path = match decode_exn path with text -> Some text | exception Broken -> None

(* [kept] holds the segments so far, the last one first. A dot segment at the end leaves the directory. *)
let rec normal kept = function
  | [ "." ] -> normal kept [ "" ]
  | [ ".." ] -> normal kept [ ".."; "" ]
  | ("." | "") :: (_ :: _ as rest) -> normal kept rest
  | ".." :: rest -> ( match kept with [] -> raise Broken | _ :: kept -> normal kept rest)
  | segment :: rest -> normal (segment :: kept) rest
  | [] -> List.rev kept

(* Whether a slash is followed by a slash or a dot: everything else is in its normal form. *)
let may_be_normalised path =
  let last = String.length path - 1 in
  let rec go i =
    i < last && ((path.[i] = '/' && (path.[i + 1] = '/' || path.[i + 1] = '.')) || go (i + 1))
  in
  go 0

let decode path =
  match decode_exn path with
  | exception Broken -> Invalid
  | path when path = "" || path.[0] <> '/' || String.contains path '\000' -> Invalid
  | path when not (may_be_normalised path) -> Path path
  | path -> (
      match normal [] (List.tl (String.split_on_char '/' path)) with
      | exception Broken -> Invalid
      | segments ->
          let found = "/" ^ String.concat "/" segments in
          if found = path then Path path else Moved found)

let is_plain = function
  | 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' -> true
  | '-' | '_' | '.' | '!' | '~' | '*' | '\'' | '(' | ')' | '/' -> true
  | _ -> false

let encode path =
  if String.for_all is_plain path then path
  else
    let encoded = Buffer.create (2 * String.length path) in
    String.iter
      (fun c ->
        if is_plain c then Buffer.add_char encoded c
        else Buffer.add_string encoded (Printf.sprintf "%%%02X" (Char.code c)))
      path;
    Buffer.contents encoded
