type access_log = { truncated : bool; secret : string }

type t = {
  release : int;
  archive : string;
  archive_size : int;
  names : string list;
  hsts : string option;
  challenge : string option;
  access_log : access_log option;
  chain : string;
  key : string;
}

let max_size = 1_048_576
let ( let* ) = Result.bind
let fail format = Printf.ksprintf (fun s -> Error ("identity: " ^ s)) format

let number name value =
  let digits = function '0' .. '9' -> true | _ -> false in
  if value <> "" && String.length value <= 18 && String.for_all digits value then
    Ok (int_of_string ("0u" ^ value))
  else fail "%s %S is no number" name value

let is_hex_32 value =
  let hex = function '0' .. '9' | 'a' .. 'f' -> true | _ -> false in
  String.length value = 64 && String.for_all hex value

let digest value =
  if is_hex_32 value then Ok value else fail "archive %S is no SHA-256 in lower-case hex" value

(* What is wrong is not said in full: it may be most of the secret. *)
let access_log value =
  match String.split_on_char ' ' value with
  | [ (("truncated" | "full") as addresses); secret ] when is_hex_32 secret ->
      Ok { truncated = addresses = "truncated"; secret }
  | _ -> fail "access-log is not truncated or full and 64 lower-case hex digits"

let host value =
  let ok = function 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' | '-' | '.' | '_' -> true | _ -> false in
  if value <> "" && String.length value <= 253 && String.for_all ok value then
    Ok (String.lowercase_ascii value)
  else fail "%S is no host name" value

let rec map_all f = function
  | [] -> Ok []
  | x :: rest ->
      let* y = f x in
      let* ys = map_all f rest in
      Ok (y :: ys)

(* Goes into a response as it stands: visible ASCII and spaces only. *)
let header_value value =
  if value <> "" && String.for_all (fun c -> c >= ' ' && c <= '~') value then Ok value
  else fail "hsts %S cannot stand in a header" value

(* Goes into a Location as it stands, with a path after it. *)
let base_url value =
  let after prefix =
    let n = String.length prefix and length = String.length value in
    length > n && String.sub value 0 n = prefix && value.[length - 1] <> '/'
  in
  let plain = function ' ' | '?' | '#' | '"' | '<' | '>' | '\\' -> false | c -> c > ' ' && c <= '~' in
  if String.for_all plain value && (after "https://" || after "http://") then Ok value
  else fail "challenge %S is no URL that a path can follow" value

let fields text =
  let line text =
    match String.index_opt text ' ' with
    | Some n when n > 0 -> Ok (String.sub text 0 n, String.sub text (n + 1) (String.length text - n - 1))
    | _ -> fail "line %S is not <name> <value>" text
  in
  map_all line (List.filter (( <> ) "") (String.split_on_char '\n' text))

let field fields name =
  match List.filter (fun (other, _) -> other = name) fields with
  | [ (_, value) ] -> Ok value
  | [] -> fail "no line `%s`" name
  | _ -> fail "more than one line `%s`" name

let optional fields name =
  if List.mem_assoc name fields then Result.map Option.some (field fields name) else Ok None

let pem name ~label text =
  if String.length text > 10 && String.sub text 0 10 = "-----BEGIN" then Ok text
  else fail "%s holds no PEM %s" name label

let parse archive =
  let* members = Result.map_error (( ^ ) "identity: ") (Tar.members_of_string archive) in
  let body { Tar.offset; size; _ } = String.sub archive offset size in
  match members with
  | [ lines; chain; key ] when lines.name = "identity" && chain.name = "chain.pem" && key.name = "key.pem" ->
      let* fields = fields (body lines) in
      let* release = Result.bind (field fields "release") (number "release") in
      let* archive = Result.bind (field fields "archive") digest in
      let* archive_size = Result.bind (field fields "archive-size") (number "archive-size") in
      let* names = optional fields "names" in
      let names = String.split_on_char ' ' (Option.value names ~default:"") in
      let* names = map_all host (List.filter (( <> ) "") names) in
      let* hsts = optional fields "hsts" in
      let* hsts = match hsts with None -> Ok None | Some v -> Result.map Option.some (header_value v) in
      let* challenge = optional fields "challenge" in
      let* challenge = match challenge with None -> Ok None | Some v -> Result.map Option.some (base_url v) in
      let* log = optional fields "access-log" in
      let* access_log =
        match log with None -> Ok None | Some v -> Result.map Option.some (access_log v)
      in
      let* chain = pem "chain.pem" ~label:"certificate" (body chain) in
      let* key = pem "key.pem" ~label:"private key" (body key) in
      Ok { release; archive; archive_size; names; hsts; challenge; access_log; chain; key }
  | members ->
      fail "expected the members identity, chain.pem, key.pem but found %s"
        (String.concat ", " (List.map (fun m -> Printf.sprintf "%S" m.Tar.name) members))
