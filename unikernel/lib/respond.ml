let status_path = "/.well-known/mirage-pages"

(* A list of entity tags, each maybe weak; commas may stand inside the quotes. What is no entity tag
   ends the list: then nothing more matches, and the client gets the whole body. *)
let if_none_match value ~etag =
  let length = String.length value in
  let between c = c = ' ' || c = '\t' || c = ',' in
  let rec skip i = if i < length && between value.[i] then skip (i + 1) else i in
  let rec go i =
    let i = skip i in
    let i = if i + 1 < length && value.[i] = 'W' && value.[i + 1] = '/' then i + 2 else i in
    if i >= length || value.[i] <> '"' then false
    else
      match String.index_from_opt value (i + 1) '"' with
      | None -> false
      | Some close -> String.sub value i (close + 1 - i) = etag || go (close + 1)
  in
  String.trim value = "*" || go 0

let with_query location = function
  | None | Some "" -> location
  | Some query -> (
      let add target = target ^ (if String.contains target '?' then "&" else "?") ^ query in
      match String.index_opt location '#' with
      | None -> add location
      | Some hash ->
          add (String.sub location 0 hash) ^ String.sub location hash (String.length location - hash))

let is name (other, _) = String.lowercase_ascii other = name

let unless_present name value headers =
  if List.exists (is (String.lowercase_ascii name)) headers then headers else (name, value) :: headers

let of_entry (entry : Index.entry) (request : Request.t) =
  let located ((name, value) as header) =
    if is "location" header then (name, with_query value request.query) else header
  in
  let headers = unless_present "X-Content-Type-Options" "nosniff" (List.map located entry.headers) in
  let headers = match entry.etag with Some etag -> ("ETag", etag) :: headers | None -> headers in
  let unchanged =
    match (entry.status, entry.etag, Request.header request "if-none-match") with
    | 200, Some etag, Some value -> if_none_match value ~etag
    | _ -> false
  in
  if unchanged then { Response.status = 304; headers; length = 0; body = Empty; close = false }
  else
    let headers = match entry.content_type with Some t -> ("Content-Type", t) :: headers | None -> headers in
    let body =
      if entry.size = 0 then Response.Empty else Range { offset = entry.offset; length = entry.size }
    in
    { Response.status = entry.status; headers; length = entry.size; body; close = false }

let status_page (site : Site.t) =
  let { Identity.release; archive; _ } = site.identity in
  let json = Printf.sprintf "{\"release\":%d,\"archive\":\"%s\"}\n" release archive in
  {
    Response.status = 200;
    headers =
      [
        ("Content-Type", "application/json");
        ("Cache-Control", "no-store");
        ("X-Content-Type-Options", "nosniff");
      ];
    length = String.length json;
    body = Text json;
    close = false;
  }

let is_our_host (site : Site.t) (request : Request.t) =
  site.identity.names = []
  ||
  match Option.bind request.host Request.split_host with
  | Some (host, _) -> List.mem host site.identity.names
  | None -> false

let lookup (site : Site.t) (request : Request.t) =
  match Url_path.decode request.path with
  | Invalid -> Response.text 400 "The path of this URL is not well formed.\n"
  | Path path when path = status_path -> status_page site
  | Path _ when not (is_our_host site request) -> Response.text 421 "This server does not serve that host.\n"
  | Path path -> (
      match Index.exact site.index path with
      | Some entry -> of_entry entry request
      | None -> (
          match Index.fallback site.index path with
          | Some entry -> of_entry entry request
          | None -> Response.text 404 "There is no such page here.\n"))

let finish (request : Request.t) (response : Response.t) =
  let response = if request.meth = Head then Response.without_body response else response in
  if request.has_body || not request.keep_alive then { response with close = true } else response

let respond (site : Site.t) (request : Request.t) =
  let response =
    match request.meth with
    | Other _ ->
        Response.text 405 ~headers:[ ("Allow", "GET, HEAD") ] "Only GET and HEAD are answered here.\n"
    | Get | Head ->
        if request.has_body then Response.text 413 "A request to this server has no body.\n"
        else lookup site request
  in
  let response =
    match site.identity.hsts with
    | None -> response
    | Some value ->
        { response with headers = unless_present "Strict-Transport-Security" value response.headers }
  in
  finish request response

let challenge_path = "/.well-known/acme-challenge/"

(* Tokens are base64url (RFC 8555, 8.3); nothing else is sent to the challenge's URL. *)
let is_challenge path =
  let n = String.length challenge_path in
  let token = function 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' | '-' | '_' -> true | _ -> false in
  String.length path > n
  && String.sub path 0 n = challenge_path
  && String.for_all token (String.sub path n (String.length path - n))

let to_https (request : Request.t) =
  match Option.bind request.host Request.split_host with
  | None -> Response.text 400 "A redirect to https needs a Host header.\n"
  | Some _ when request.path.[0] <> '/' ->
      Response.text 400 "This request target has no place under https.\n"
  | Some (host, _) ->
      let query = match request.query with None -> "" | Some query -> "?" ^ query in
      let location = "https://" ^ host ^ request.path ^ query in
      let status = match request.meth with Get | Head -> 301 | Other _ -> 308 in
      Response.text status ~headers:[ ("Location", location) ] ("This page is at " ^ location ^ "\n")

let redirect (site : Site.t) (request : Request.t) =
  let response =
    match (site.identity.challenge, request.meth) with
    | Some url, (Get | Head) when is_challenge request.path ->
        let location = url ^ request.path in
        Response.text 302 ~headers:[ ("Location", location) ] ("This is answered at " ^ location ^ "\n")
    | _ -> to_https request
  in
  finish request response
