type t = { identity : Identity.t; index : Index.t }

type opening =
  | Read of { offset : int; length : int; continue : string -> opening }
  | Opened of t
  | Malformed of string

let max_index = 33_554_432
let malformed format = Printf.ksprintf (fun s -> Malformed ("site archive: " ^ s)) format

let open_ (identity : Identity.t) ~device_size =
  let size = identity.archive_size in
  let rec first = function
    | Tar.Read { offset; length; continue } ->
        Read { offset; length; continue = (fun s -> first (continue s)) }
    | Tar.Malformed reason -> malformed "%s" reason
    | Tar.End _ -> malformed "it is empty"
    | Tar.Member ({ name = "index"; offset; size = length }, _) ->
        if length > max_index then malformed "an index of %d bytes; the most is %d" length max_index
        else Read { offset; length; continue = indexed ~base:(offset + Tar.padded length) }
    | Tar.Member ({ name; _ }, _) -> malformed "the first member is %S, not index" name
  and indexed ~base text =
    match Index.parse text ~base ~archive_size:size with
    | Ok index -> Opened { identity; index }
    | Error reason -> malformed "%s" reason
  in
  if size > device_size then
    malformed "%d bytes by its identity, but the device has only %d" size device_size
  else first (Tar.walk ~size)
