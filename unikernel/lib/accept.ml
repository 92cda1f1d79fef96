(* Qualities in thousandths. A list of <token>[;q=<quality>]: other parameters are passed over; a quality
   that is none counts as 0. *)
let quality parameters =
  let thousandths s =
    match String.split_on_char '.' s with
    | [ "1" ] -> 1000
    | [ "1"; zeros ] when String.length zeros <= 3 && String.for_all (Char.equal '0') zeros -> 1000
    | [ "0" ] -> 0
    | [ "0"; digits ]
      when String.length digits <= 3 && String.for_all (function '0' .. '9' -> true | _ -> false) digits ->
        if digits = "" then 0 else int_of_string ("0u" ^ digits ^ String.make (3 - String.length digits) '0')
    | _ -> 0
  in
  let is_quality s = String.length s > 2 && (s.[0] = 'q' || s.[0] = 'Q') && s.[1] = '=' in
  match List.find_opt is_quality (List.map String.trim parameters) with
  | Some s -> thousandths (String.sub s 2 (String.length s - 2))
  | None -> 1000

let preferences value =
  List.filter_map
    (fun item ->
      match String.split_on_char ';' item with
      | name :: parameters when String.trim name <> "" ->
          Some (String.lowercase_ascii (String.trim name), quality parameters)
      | _ -> None)
    (String.split_on_char ',' value)

type codings = { identity : int; zstd : int; brotli : int; gzip : int }

(* An identity that is not named is acceptable, but anything named is liked better. *)
let parse value =
  let named = preferences value in
  let of_name names ~otherwise =
    match List.find_opt (fun (name, _) -> List.mem name names) named with
    | Some (_, quality) -> quality
    | None -> Option.value (List.assoc_opt "*" named) ~default:otherwise
  in
  {
    identity = of_name [ "identity" ] ~otherwise:1;
    zstd = of_name [ "zstd" ] ~otherwise:0;
    brotli = of_name [ "br" ] ~otherwise:0;
    gzip = of_name [ "gzip"; "x-gzip" ] ~otherwise:0;
  }

let nothing_said = { identity = 1; zstd = 0; brotli = 0; gzip = 0 }

(* Browsers send few different values, each with every request. *)
let remembered : (string, codings) Hashtbl.t = Hashtbl.create 64

let codings = function
  | None -> nothing_said
  | Some value -> (
      match Hashtbl.find_opt remembered value with
      | Some codings -> codings
      | None ->
          let codings = parse value in
          if Hashtbl.length remembered >= 64 then Hashtbl.reset remembered;
          if String.length value <= 256 then Hashtbl.replace remembered value codings;
          codings)

let liked codings = function
  | Index.Identity -> codings.identity
  | Zstd -> codings.zstd
  | Brotli -> codings.brotli
  | Gzip -> codings.gzip

let choose codings ~(identity : Index.representation) ~encoded =
  List.fold_left
    (fun (best : Index.representation) (other : Index.representation) ->
      let a = liked codings best.coding and b = liked codings other.coding in
      if b > a || (b = a && b > 0 && other.size < best.size) then other else best)
    identity encoded

let language = function
  | None -> None
  | Some value ->
      let best =
        List.fold_left
          (fun best (tag, quality) ->
            match best with
            | Some (_, most) when most >= quality -> best
            | _ -> if quality > 0 && tag <> "*" then Some (tag, quality) else best)
          None (preferences value)
      in
      Option.map fst best
