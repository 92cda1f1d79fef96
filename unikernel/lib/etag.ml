(* A list of entity tags, each maybe weak; commas may stand inside the quotes. What is no entity tag
   ends the list: then nothing more matches. *)
let matches value ~etag ~weak_too =
  let length = String.length value in
  let between c = c = ' ' || c = '\t' || c = ',' in
  let rec skip i = if i < length && between value.[i] then skip (i + 1) else i in
  let rec go i =
    let i = skip i in
    let weak = i + 1 < length && value.[i] = 'W' && value.[i + 1] = '/' in
    let i = if weak then i + 2 else i in
    if i >= length || value.[i] <> '"' then false
    else
      match String.index_from_opt value (i + 1) '"' with
      | None -> false
      | Some close ->
          ((weak_too || not weak) && String.sub value i (close + 1 - i) = etag) || go (close + 1)
  in
  String.trim value = "*" || go 0

let matches_weakly = matches ~weak_too:true
let matches_strongly = matches ~weak_too:false
