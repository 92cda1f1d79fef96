type t = {
  identity : Identity.t;
  index : Index.t;
  canonical : string option;
  always : Header_set.t list;
  html_handling : Html_handling.t;
  rules : Index.rule list;
  forced : bool;
  header_rules : Index.header_rule list;
}

type opening =
  | Read of { offset : int; length : int; continue : string -> opening }
  | Opened of t
  | Malformed of string

let max_index = 33_554_432
let malformed format = Printf.ksprintf (fun s -> Malformed ("site archive: " ^ s)) format

(* A name that is not one of the machine's would send visitors away for good. *)
let canonical (identity : Identity.t) index =
  match (Index.policy index "canonical-host", identity.names) with
  | Some "any", _ | _, [] -> None
  | (None | Some "first"), first :: _ -> Some first
  | Some host, names -> if List.mem host names then Some host else None

(* Only a machine whose certificate browsers trust has a value in its identity. *)
let hsts (identity : Identity.t) index =
  match (identity.hsts, Index.policy index "hsts") with
  | None, _ | _, Some "off" -> []
  | Some _, Some value | Some value, None -> [ Header_set.of_list [ ("Strict-Transport-Security", value) ] ]

let opened identity index =
  match Html_handling.of_policy (Index.policy index "html-handling") with
  | None -> malformed "html-handling is none that this server knows"
  | Some html_handling ->
      let rules = Index.rules index in
      Opened
        {
          identity;
          index;
          canonical = canonical identity index;
          always = hsts identity index;
          html_handling;
          rules;
          forced = List.exists (fun (rule : Index.rule) -> rule.forced) rules;
          header_rules = Index.header_rules index;
        }

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
    | Ok index -> opened identity index
    | Error reason -> malformed "%s" reason
  in
  if size > device_size then
    malformed "%d bytes by its identity, but the device has only %d" size device_size
  else first (Tar.walk ~size)
