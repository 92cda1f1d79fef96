type part = Text of string | Range of { offset : int; length : int }

type t = {
  status : int;
  headers : (string * string) list;
  shared : Header_set.t list;
  length : int;
  body : part list;
  close : bool;
}

let reason = function
  | 200 -> "OK"
  | 204 -> "No Content"
  | 206 -> "Partial Content"
  | 301 -> "Moved Permanently"
  | 302 -> "Found"
  | 303 -> "See Other"
  | 304 -> "Not Modified"
  | 307 -> "Temporary Redirect"
  | 308 -> "Permanent Redirect"
  | 400 -> "Bad Request"
  | 403 -> "Forbidden"
  | 404 -> "Not Found"
  | 405 -> "Method Not Allowed"
  | 408 -> "Request Timeout"
  | 410 -> "Gone"
  | 412 -> "Precondition Failed"
  | 413 -> "Content Too Large"
  | 414 -> "URI Too Long"
  | 416 -> "Range Not Satisfiable"
  | 417 -> "Expectation Failed"
  | 421 -> "Misdirected Request"
  | 431 -> "Request Header Fields Too Large"
  | 451 -> "Unavailable For Legal Reasons"
  | 500 -> "Internal Server Error"
  | 503 -> "Service Unavailable"
  | 505 -> "HTTP Version Not Supported"
  | _ -> ""

let text ?(headers = []) ?(close = false) status text =
  let headers =
    ("Content-Type", "text/plain; charset=utf-8") :: ("X-Content-Type-Options", "nosniff") :: headers
  in
  let body = if text = "" then [] else [ Text text ] in
  { status; headers; shared = []; length = String.length text; body; close }

let of_error { Request.status; reason } = text ~close:true status (reason ^ "\n")
let without_body t = { t with body = [] }
let has_length t = t.status <> 204 && t.status <> 304

let headers t =
  match t.shared with
  | [] -> t.headers
  | shared -> t.headers @ List.concat_map (fun (set : Header_set.t) -> set.list) shared

let header t name =
  List.find_map
    (fun (other, value) -> if String.lowercase_ascii other = name then Some value else None)
    (headers t)

let status_line status = Printf.sprintf "HTTP/1.1 %d %s\r\n" status (reason status)

(* Faster than [string_of_int], which goes through C's printf. *)
let rec add_number b n =
  if n >= 10 then add_number b (n / 10);
  Buffer.add_char b (Char.unsafe_chr (48 + (n mod 10)))

let head t ~date ~http_1_0 =
  let b = Buffer.create 1_024 in
  let header name value =
    Buffer.add_string b name;
    Buffer.add_string b ": ";
    Buffer.add_string b value;
    Buffer.add_string b "\r\n"
  in
  Buffer.add_string b (if t.status = 200 then "HTTP/1.1 200 OK\r\n" else status_line t.status);
  header "Date" date;
  List.iter (fun (name, value) -> header name value) t.headers;
  List.iter (fun (set : Header_set.t) -> Buffer.add_string b set.block) t.shared;
  if has_length t then (
    Buffer.add_string b "Content-Length: ";
    add_number b t.length;
    Buffer.add_string b "\r\n");
  if t.close then header "Connection" "close" else if http_1_0 then header "Connection" "keep-alive";
  Buffer.add_string b "\r\n";
  Buffer.contents b
