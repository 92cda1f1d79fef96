type member = { name : string; offset : int; size : int }

type step =
  | Read of { offset : int; length : int; continue : string -> step }
  | Member of member * (unit -> step)
  | End of int
  | Malformed of string

let block = 512
let padded size = (size + block - 1) / block * block

(* Longest pax header that is read; ours hold one path of at most 1,024 bytes. *)
let max_pax = 65_536
let is_zero bytes = String.for_all (Char.equal '\000') bytes

let malformed offset format =
  Printf.ksprintf (fun s -> Malformed (Printf.sprintf "tar at byte %d: %s" offset s)) format

let text header ~at ~length =
  let field = String.sub header at length in
  match String.index_opt field '\000' with Some n -> String.sub field 0 n | None -> field

(* An octal field: digits, maybe after spaces, ended by NUL, space or the field's end. Twenty digits
   would overflow; the longest field has twelve, which is at most 2^36. *)
let octal header ~at ~length =
  let rec digits i value seen =
    if i = at + length then if seen then Some value else None
    else
      match header.[i] with
      | '0' .. '7' as c -> digits (i + 1) ((value * 8) + Char.code c - 48) true
      | ' ' when not seen -> digits (i + 1) value seen
      | ' ' | '\000' -> if seen then Some value else None
      | _ -> None
  in
  digits at 0 false

let checksum header =
  let sum = ref 0 in
  String.iteri (fun i c -> sum := !sum + if i >= 148 && i < 156 then 32 else Char.code c) header;
  !sum

(* A decimal number of at most 18 digits, so that it fits OCaml's 63-bit int. *)
let decimal s =
  let length = String.length s in
  let digit = function '0' .. '9' -> true | _ -> false in
  if length = 0 || length > 18 || not (String.for_all digit s) then None
  else int_of_string_opt ("0u" ^ s)

(* pax records: "<length> <key>=<value>\n", the length counting the whole record. *)
let pax_records data =
  let rec go at records =
    if at = String.length data then Some (List.rev records)
    else
      match String.index_from_opt data at ' ' with
      | None -> None
      | Some space -> (
          match decimal (String.sub data at (space - at)) with
          | Some length
            when length > space - at + 1
                 && length <= String.length data - at
                 && data.[at + length - 1] = '\n' -> (
              let record = String.sub data (space + 1) (at + length - 1 - space - 1) in
              match String.index_opt record '=' with
              | Some n when n > 0 ->
                  let value = String.sub record (n + 1) (String.length record - n - 1) in
                  go (at + length) ((String.sub record 0 n, value) :: records)
              | _ -> None)
          | _ -> None)
  in
  go 0 []

let walk ~size =
  let rec header ~at ~pax =
    if at < 0 || size - at < block then
      malformed at "the archive ends (%d bytes) without its two closing zero blocks" size
    else Read { offset = at; length = block; continue = (fun bytes -> parse ~at ~pax bytes) }
  and parse ~at ~pax bytes =
    if String.length bytes <> block then malformed at "short read"
    else if is_zero bytes then closing ~at ~pax
    else if String.sub bytes 257 5 <> "ustar" then malformed at "no ustar header"
    else if octal bytes ~at:148 ~length:8 <> Some (checksum bytes) then malformed at "wrong header checksum"
    else
      match octal bytes ~at:124 ~length:12 with
      | None -> malformed at "the size is no octal number"
      | Some header_size -> (
          let prefix = text bytes ~at:345 ~length:155 in
          let name = text bytes ~at:0 ~length:100 in
          let name = if prefix = "" then name else prefix ^ "/" ^ name in
          match bytes.[156] with
          | '0' | '\000' -> regular ~at ~pax ~name ~header_size
          | 'x' -> extended ~at ~pax ~header_size
          | c -> malformed at "member type %C is not one of ours" c)
  and regular ~at ~pax ~name ~header_size =
    let name = Option.value (List.assoc_opt "path" pax) ~default:name in
    let data_size =
      match List.assoc_opt "size" pax with None -> Some header_size | Some digits -> decimal digits
    in
    match data_size with
    | None -> malformed at "the pax size is no number"
    | Some data_size ->
        let offset = at + block in
        if name = "" || String.contains name '\000' then malformed at "a member without a proper name"
        else if data_size > size - offset || padded data_size > size - offset then
          malformed at "member %S of %d bytes reaches beyond the archive's %d bytes" name data_size size
        else
          let next () = header ~at:(offset + padded data_size) ~pax:[] in
          Member ({ name; offset; size = data_size }, next)
  and extended ~at ~pax ~header_size =
    let offset = at + block in
    if pax <> [] then malformed at "two pax headers in a row"
    else if header_size = 0 || header_size > max_pax then malformed at "a pax header of %d bytes" header_size
    else if padded header_size > size - offset then malformed at "a pax header beyond the archive's end"
    else
      let continue data =
        match if String.length data = header_size then pax_records data else None with
        | None | Some [] -> malformed at "unreadable pax records"
        | Some pax -> header ~at:(offset + padded header_size) ~pax
      in
      Read { offset; length = header_size; continue }
  and closing ~at ~pax =
    let second = at + block in
    if pax <> [] then malformed at "a pax header without its member"
    else if size - second < block then malformed at "one closing zero block where two belong"
    else
      let continue bytes =
        if String.length bytes = block && is_zero bytes then End (second + block)
        else malformed at "one closing zero block where two belong"
      in
      Read { offset = second; length = block; continue }
  in
  header ~at:0 ~pax:[]

let members_of_string archive =
  let rec go members = function
    | Read { offset; length; continue } -> go members (continue (String.sub archive offset length))
    | Member (member, next) -> go (member :: members) (next ())
    | End _ -> Ok (List.rev members)
    | Malformed reason -> Error reason
  in
  go [] (walk ~size:(String.length archive))
