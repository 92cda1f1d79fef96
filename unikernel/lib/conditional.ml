type t = Failed | Unchanged | Whole | Ranges of (int * int) list | Unsatisfiable

(* A date that is none is passed over, as if the header had not been sent. *)
let date request name = Option.bind (Request.header request name) Http_date.parse

let precondition request ~etag ~modified =
  match Request.header request "if-match" with
  | Some value -> Etag.matches_strongly value ~etag
  | None -> (
      match date request "if-unmodified-since" with Some date -> modified <= date | None -> true)

let unchanged request ~etag ~modified =
  match Request.header request "if-none-match" with
  | Some value -> Etag.matches_weakly value ~etag
  | None -> ( match date request "if-modified-since" with Some date -> modified <= date | None -> false)

(* A weak tag or another date than the very one means that the client's part is of another body. *)
let range_holds request ~etag ~modified =
  match Request.header request "if-range" with
  | None -> true
  | Some value when String.contains value '"' -> String.trim value = etag
  | Some value -> Http_date.parse value = Some modified

let decide (request : Request.t) ~(representation : Index.representation) ~modified =
  let etag = representation.etag in
  if not (precondition request ~etag ~modified) then Failed
  else if unchanged request ~etag ~modified then Unchanged
  else
    match (request.meth, Request.header request "range") with
    | Get, Some value when range_holds request ~etag ~modified -> (
        match Byte_range.parse value ~size:representation.size with
        | Whole -> Whole
        | Ranges ranges -> Ranges ranges
        | Unsatisfiable -> Unsatisfiable)
    | _ -> Whole
