let status_path = "/.well-known/mirage-pages"

let coding_header : Index.coding -> (string * string) list = function
  | Identity -> []
  | Zstd -> [ ("Content-Encoding", "zstd") ]
  | Brotli -> [ ("Content-Encoding", "br") ]
  | Gzip -> [ ("Content-Encoding", "gzip") ]

let part ~offset ~length = if length = 0 then [] else [ Response.Range { offset; length } ]

(* A boundary that cannot stand in the body: it is made of the body's digest. *)
let boundary (representation : Index.representation) =
  "mirage-pages-" ^ String.sub representation.etag 1 (String.length representation.etag - 2)

let multipart ~content_type (representation : Index.representation) ranges =
  let boundary = boundary representation in
  let head (first, length) =
    Printf.sprintf "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %d-%d/%d\r\n\r\n" boundary content_type
      first
      (first + length - 1)
      representation.size
  in
  let parts =
    List.concat_map
      (fun (first, length) ->
        Response.Text (head (first, length)) :: part ~offset:(representation.offset + first) ~length)
      ranges
  in
  let body = parts @ [ Response.Text (Printf.sprintf "\r\n--%s--\r\n" boundary) ] in
  let length =
    List.fold_left
      (fun sum -> function Response.Text text -> sum + String.length text | Range { length; _ } -> sum + length)
      0 body
  in
  ("multipart/byteranges; boundary=" ^ boundary, length, body)

(* The answer of an entry that has a body; conditions and ranges are for those of status 200. *)
let of_body request ~status ~shared ~content_type ~modified ~identity ~encoded =
  let codings = Accept.codings (Request.header request "accept-encoding") in
  let representation = if encoded = [] then identity else Accept.choose codings ~identity ~encoded in
  let { Index.size; offset; etag; coding } = representation in
  let validators = [ ("ETag", etag); ("Last-Modified", Http_date.format modified) ] in
  (* Of use to who goes on with a download or looks into a film, which have one form alone. *)
  let ranges_taken = if coding = Identity then [ ("Accept-Ranges", "bytes") ] else [] in
  let answer status headers length body = { Response.status; headers; shared; length; body; close = false } in
  let whole headers =
    let headers = ("Content-Type", content_type) :: (coding_header coding @ headers) in
    answer status headers size (part ~offset ~length:size)
  in
  if status <> 200 then whole [ ("ETag", etag) ]
  else
    match Conditional.decide request ~representation ~modified with
    | Failed -> { (Response.text 412 "This page is not in the expected state.\n") with shared }
    | Unchanged -> answer 304 validators 0 []
    | Whole -> whole (ranges_taken @ validators)
    | Unsatisfiable ->
        let headers = [ ("Content-Range", Printf.sprintf "bytes */%d" size) ] in
        { (Response.text 416 ~headers "The range lies outside of this file.\n") with shared }
    | Ranges [ (first, length) ] ->
        let range = Printf.sprintf "bytes %d-%d/%d" first (first + length - 1) size in
        let headers = ("Content-Type", content_type) :: ("Content-Range", range) :: (coding_header coding @ validators) in
        answer 206 (ranges_taken @ headers) length (part ~offset:(offset + first) ~length)
    | Ranges ranges ->
        let content_type, length, body = multipart ~content_type representation ranges in
        let headers = ("Content-Type", content_type) :: (coding_header coding @ validators) in
        answer 206 (ranges_taken @ headers) length body

(* The request's query goes along, unless the target has one of its own; a fragment stays last. *)
let with_query location = function
  | None | Some "" -> location
  | Some query -> (
      let before, after =
        match String.index_opt location '#' with
        | None -> (location, "")
        | Some hash ->
            (String.sub location 0 hash, String.sub location hash (String.length location - hash))
      in
      if String.contains before '?' then location else before ^ "?" ^ query ^ after)

let redirection status ~shared location =
  let response = Response.text status ~headers:[ ("Location", location) ] ("This page is at " ^ location ^ "\n") in
  { response with shared }

let revalidate = Header_set.of_list [ ("Cache-Control", "public, max-age=0, must-revalidate") ]

let moved request path = redirection 301 ~shared:[ revalidate ] (with_query (Url_path.encode path) request.Request.query)

let of_entry (entry : Index.entry) (request : Request.t) =
  let shared = [ entry.headers ] in
  match entry.answer with
  | Redirect location -> redirection entry.status ~shared (with_query location request.query)
  | Body { content_type; modified; identity; encoded } ->
      of_body request ~status:entry.status ~shared ~content_type ~modified ~identity ~encoded

let is_page (entry : Index.entry) =
  match entry.answer with
  | Body { content_type; _ } ->
      entry.status = 200 && String.length content_type >= 9 && String.sub content_type 0 9 = "text/html"
  | Redirect _ -> false

(* The page that is asked for by another of its names. *)
let other_name (site : Site.t) path =
  List.find_opt
    (fun name -> match Index.exact site.index name with Some entry -> is_page entry | None -> false)
    (Html_handling.other_names site.html_handling path)

(* What stands at a rewrite's target, by any of its names. *)
let target_entry (site : Site.t) path =
  match Index.exact site.index path with
  | Some { answer = Body _; _ } as found -> found
  | Some { answer = Redirect _; _ } -> None
  | None -> Option.bind (other_name site path) (Index.exact site.index)

let of_outcome site request ({ status; target; headers } : Rules.outcome) =
  if Rules.is_redirect status then Some (redirection status ~shared:[ headers ] (with_query target request.Request.query))
  else Option.map (fun entry -> of_entry { entry with Index.status } request) (target_entry site target)

let missing (site : Site.t) request path =
  match Index.fallback site.index path with
  | Some entry -> of_entry entry request
  | None -> { (Response.text 404 "There is no such page here.\n") with shared = [ revalidate ] }

type answer = { response : Response.t; vary : string list; miss : bool }

let by_rules (site : Site.t) request ~host ~path ~forced =
  if site.rules = [] || (forced && not site.forced) then (None, [])
  else
    let { Rules.outcome; vary } = Rules.find site.rules request ~host ~path ~forced in
    (Option.bind outcome (of_outcome site request), vary)

(* [asked] is the path as it was asked for, if it is not the normal form [path] of it. *)
let answer (site : Site.t) request ~host ~path ~is_normal =
  match by_rules site request ~host ~path ~forced:true with
  | Some response, vary -> { response; vary; miss = true }
  | None, vary -> (
      match Index.exact site.index path with
      | Some _ when not is_normal -> { response = moved request path; vary; miss = false }
      | Some entry -> { response = of_entry entry request; vary; miss = false }
      | None -> (
          match other_name site path with
          | Some name -> { response = moved request name; vary; miss = false }
          | None -> (
              match by_rules site request ~host ~path ~forced:false with
              | Some response, more -> { response; vary = vary @ more; miss = true }
              | None, more -> { response = missing site request path; vary = vary @ more; miss = true })))

let apply (response : Response.t) (changes : Index.change list) =
  let name_of (name, _) = String.lowercase_ascii name in
  let changed = List.map (function Index.Put (name, _) -> String.lowercase_ascii name | Remove name -> name) changes in
  let kept = List.filter (fun header -> not (List.mem (name_of header) changed)) (Response.headers response) in
  let put = List.filter_map (function Index.Put (name, value) -> Some (name, value) | Remove _ -> None) changes in
  { response with headers = kept @ put; shared = [] }

let with_vary (response : Response.t) names =
  match List.sort_uniq String.compare names with
  | [] -> response
  | names ->
      let before = Option.to_list (Response.header response "vary") in
      apply response [ Put ("Vary", String.concat ", " (before @ names)) ]

let with_header_rules (site : Site.t) ~host ~path { response; vary; miss } =
  let response =
    if site.header_rules = [] || Rules.is_redirect response.Response.status then response
    else
      match Rules.changes site.header_rules ~host ~path ~miss with
      | [] -> response
      | changes -> apply response changes
  in
  with_vary response vary

let json text =
  let headers = [ ("Content-Type", "application/json"); ("Cache-Control", "no-store"); ("X-Content-Type-Options", "nosniff") ] in
  { (Response.text 200 text) with headers }

let status_page (site : Site.t) =
  let { Identity.release; archive; _ } = site.identity in
  json (Printf.sprintf "{\"release\":%d,\"archive\":\"%s\"}\n" release archive)

(* The host without its port, and without the dot of a fully qualified name. *)
let host_of (request : Request.t) =
  match Option.bind request.host Request.split_host with
  | None -> None
  | Some (host, _) ->
      let last = String.length host - 1 in
      Some (if last > 0 && host.[last] = '.' then String.sub host 0 last else host)

let is_our_host (site : Site.t) host =
  site.identity.names = [] || match host with Some host -> List.mem host site.identity.names | None -> false

(* To the canonical host in one step: what would be redirected there is redirected at once. *)
let to_canonical canonical (request : Request.t) (response : Response.t) =
  let query = match request.query with None -> "" | Some query -> "?" ^ query in
  let location =
    match (Rules.is_redirect response.status, Response.header response "location") with
    | true, Some location -> if location.[0] = '/' then "https://" ^ canonical ^ location else location
    | _ -> "https://" ^ canonical ^ request.path ^ query
  in
  redirection 301 ~shared:[ revalidate ] location

let on_path (site : Site.t) (request : Request.t) ~path ~is_normal =
  let host = host_of request in
  if not (is_our_host site host) then Response.text 421 "This server does not serve that host.\n"
  else
    let answered = answer site request ~host ~path ~is_normal in
    match site.canonical with
    | Some canonical when host <> Some canonical -> to_canonical canonical request answered.response
    | _ -> with_header_rules site ~host ~path answered

let lookup (site : Site.t) (request : Request.t) =
  match Url_path.decode request.path with
  | Invalid -> Response.text 400 "The path of this URL is not well formed.\n"
  | Path path when path = status_path -> status_page site
  | Path path -> on_path site request ~path ~is_normal:true
  | Moved path -> on_path site request ~path ~is_normal:false

let allow = ("Allow", "GET, HEAD, OPTIONS")

(* What a page may be asked, and by whom: the headers that the site gives to it for other origins. *)
let options (site : Site.t) (request : Request.t) =
  let of_page =
    if request.path = "*" then [] else Response.headers (lookup site { request with meth = Head; headers = [] })
  in
  let is_for_origins (name, _) =
    String.length name > 15 && String.lowercase_ascii (String.sub name 0 15) = "access-control-"
  in
  { (Response.text 204 "") with headers = allow :: List.filter is_for_origins of_page }

let finish (site : Site.t) (request : Request.t) (response : Response.t) =
  let response = if site.always = [] then response else { response with shared = response.shared @ site.always } in
  let response = if request.meth = Head then Response.without_body response else response in
  if request.has_body || not request.keep_alive then { response with close = true } else response

(* There is never a body to go on with, so 100-continue asks for nothing (RFC 9110, 10.1.1). *)
let unexpected request =
  match Request.header request "expect" with
  | None -> false
  | Some value -> String.lowercase_ascii (String.trim value) <> "100-continue"

let respond (site : Site.t) (request : Request.t) =
  finish site request
    (match request.meth with
    | _ when unexpected request -> Response.text 417 "This server meets no expectation but 100-continue.\n"
    | (Get | Head) when request.has_body -> Response.text 413 "A request to this server has no body.\n"
    | Get | Head -> lookup site request
    | Other "OPTIONS" -> options site request
    | Other _ -> Response.text 405 ~headers:[ allow ] "Only GET, HEAD and OPTIONS are answered here.\n")

let challenge_path = "/.well-known/acme-challenge/"

(* Tokens are base64url (RFC 8555, 8.3); nothing else is sent to the challenge's URL. *)
let is_challenge path =
  let n = String.length challenge_path in
  let token = function 'a' .. 'z' | 'A' .. 'Z' | '0' .. '9' | '-' | '_' -> true | _ -> false in
  String.length path > n
  && String.sub path 0 n = challenge_path
  && String.for_all token (String.sub path n (String.length path - n))

let to_https (site : Site.t) (request : Request.t) =
  match host_of request with
  | None -> Response.text 400 "A redirect to https needs a Host header.\n"
  | Some _ when request.path.[0] <> '/' ->
      Response.text 400 "This request target has no place under https.\n"
  | Some host ->
      let host =
        match site.canonical with Some canonical when is_our_host site (Some host) -> canonical | _ -> host
      in
      let query = match request.query with None -> "" | Some query -> "?" ^ query in
      let status = match request.meth with Get | Head -> 301 | Other _ -> 308 in
      redirection status ~shared:[] ("https://" ^ host ^ request.path ^ query)

let redirect (site : Site.t) (request : Request.t) =
  let response =
    match (site.identity.challenge, request.meth) with
    | Some url, (Get | Head) when is_challenge request.path ->
        let location = url ^ request.path in
        Response.text 302 ~headers:[ ("Location", location) ] ("This is answered at " ^ location ^ "\n")
    | _ -> to_https site request
  in
  (* Over plain HTTP nothing of [site.always] may be sent (RFC 6797, 7.2). *)
  finish { site with always = [] } request response
