type t = Whole | Ranges of (int * int) list | Unsatisfiable

let max_ranges = 16

(* Eighteen digits fit OCaml's 63-bit int. *)
let number s =
  let digit = function '0' .. '9' -> true | _ -> false in
  if s <> "" && String.length s <= 18 && String.for_all digit s then Some (int_of_string ("0u" ^ s))
  else None

(* [Error ()]: no range at all; [Ok None]: one that lies beyond the body. *)
let one spec ~size =
  match String.split_on_char '-' (String.trim spec) with
  | [ ""; suffix ] -> (
      match number suffix with
      | None -> Error ()
      | Some 0 -> Ok None
      | Some length -> Ok (Some (max 0 (size - length), min length size)))
  | [ first; "" ] -> (
      match number first with
      | None -> Error ()
      | Some first -> Ok (if first < size then Some (first, size - first) else None))
  | [ first; last ] -> (
      match (number first, number last) with
      | Some first, Some last when first <= last ->
          Ok (if first < size then Some (first, min last (size - 1) - first + 1) else None)
      | _ -> Error ())
  | _ -> Error ()

let parse value ~size =
  match String.index_opt value '=' with
  | Some n when String.lowercase_ascii (String.trim (String.sub value 0 n)) = "bytes" && size > 0 -> (
      let specs = String.split_on_char ',' (String.sub value (n + 1) (String.length value - n - 1)) in
      let specs = List.filter (fun spec -> String.trim spec <> "") specs in
      let ranges = List.map (one ~size) specs in
      if specs = [] || List.length specs > max_ranges || List.mem (Error ()) ranges then Whole
      else
        match List.filter_map (function Ok range -> range | Error () -> None) ranges with
        | [] -> Unsatisfiable
        | ranges ->
            let asked = List.fold_left (fun sum (_, length) -> sum + length) 0 ranges in
            if asked > size && List.length ranges > 1 then Whole else Ranges ranges)
  | _ -> Whole
