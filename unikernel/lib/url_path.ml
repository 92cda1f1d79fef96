type t = Path of string | Invalid

exception Broken

let hex = function
  | '0' .. '9' as c -> Char.code c - 48
  | 'a' .. 'f' as c -> Char.code c - 87
  | 'A' .. 'F' as c -> Char.code c - 55
  | _ -> raise Broken

let percent_decode path =
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

(* [kept] holds the segments so far, the last one first. A dot segment at the end leaves the directory. *)
let rec remove_dots kept = function
  | [ "." ] -> remove_dots kept [ "" ]
  | [ ".." ] -> remove_dots kept [ ".."; "" ]
  | "." :: rest -> remove_dots kept rest
  | ".." :: rest -> ( match kept with [] -> raise Broken | _ :: kept -> remove_dots kept rest)
  | segment :: rest -> remove_dots (segment :: kept) rest
  | [] -> List.rev kept

let has_dot_segment path =
  let length = String.length path in
  let rec go i =
    match String.index_from_opt path i '.' with
    | None -> false
    | Some dot -> (i > 0 && path.[dot - 1] = '/') || (dot + 1 < length && go (dot + 1))
  in
  go 1

let decode path =
  match percent_decode path with
  | exception Broken -> Invalid
  | path when path = "" || path.[0] <> '/' || String.contains path '\000' -> Invalid
  | path when not (has_dot_segment path) -> Path path
  | path -> (
      match remove_dots [] (List.tl (String.split_on_char '/' path)) with
      | exception Broken -> Invalid
      | segments -> Path ("/" ^ String.concat "/" segments))
