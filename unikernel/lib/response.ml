type body = Empty | Text of string | Range of { offset : int; length : int }

type t = {
  status : int;
  headers : (string * string) list;
  length : int;
  body : body;
  close : bool;
}

let reason = function
  | 200 -> "OK"
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
  | 413 -> "Content Too Large"
  | 414 -> "URI Too Long"
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
  { status; headers; length = String.length text; body = Text text; close }

let of_error { Request.status; reason } = text ~close:true status (reason ^ "\n")
let without_body t = { t with body = Empty }

let head t ~date ~http_1_0 =
  let b = Buffer.create 512 in
  let header name value =
    Buffer.add_string b name;
    Buffer.add_string b ": ";
    Buffer.add_string b value;
    Buffer.add_string b "\r\n"
  in
  Buffer.add_string b "HTTP/1.1 ";
  Buffer.add_string b (string_of_int t.status);
  Buffer.add_char b ' ';
  Buffer.add_string b (reason t.status);
  Buffer.add_string b "\r\n";
  header "Date" date;
  List.iter (fun (name, value) -> header name value) t.headers;
  (* RFC 9110, 8.6: a 304 has no body; its length would be that of a 200. *)
  if t.status <> 304 then header "Content-Length" (string_of_int t.length);
  if t.close then header "Connection" "close" else if http_1_0 then header "Connection" "keep-alive";
  Buffer.add_string b "\r\n";
  Buffer.contents b
