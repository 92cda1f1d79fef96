open Lwt.Infix
open Mirage_pages

type limits = { handshake : float; head : float; idle : float; write : float; requests : int }

let limits = { handshake = 10.; head = 10.; idle = 30.; write = 30.; requests = 1_000 }

type t = {
  respond : Visitors.client -> Request.t -> Response.t;
  visitors : Visitors.t;
  archive : Device.t;
  tls : Ssl.context option;
  crowded : unit -> bool;
  draining : unit -> bool;
}

(* One second's Date header serves all responses of that second. *)
let date =
  let cached = ref (-1, "") in
  fun () ->
    let now = int_of_float (Unix.time ()) in
    if fst !cached <> now then cached := (now, Http_date.format now);
    snd !cached

let rec write_all socket buffer ~at ~length =
  if length = 0 then Lwt.return_unit
  else
    Lwt_ssl.write_bytes socket buffer at length >>= fun n ->
    write_all socket buffer ~at:(at + n) ~length:(length - n)

(* The head and the first bytes of the body leave in one write. *)
let send t socket deadline ~http_1_0 (response : Response.t) =
  let head = Response.head response ~date:(date ()) ~http_1_0 in
  let head_length = String.length head in
  let body_length = match response.body with [] -> 0 | _ -> response.length in
  Pool.with_buffer ~want:(head_length + body_length) @@ fun buffer ->
  let size = Lwt_bytes.length buffer in
  let write ~length =
    Deadline.set deadline Answered ~seconds:limits.write;
    write_all socket buffer ~at:0 ~length
  in
  (* Puts [length] bytes behind the [filled] ones that wait in the buffer, which is written when it is full;
     [fill] puts as many of them, from [from] on, as are asked. *)
  let rec put ~filled ~from ~length ~fill =
    if length = 0 then Lwt.return filled
    else if filled = size then write ~length:filled >>= fun () -> put ~filled:0 ~from ~length ~fill
    else
      let n = min (size - filled) length in
      fill ~at:filled ~from ~length:n >>= fun () -> put ~filled:(filled + n) ~from:(from + n) ~length:(length - n) ~fill
  in
  let text text ~filled =
    put ~filled ~from:0 ~length:(String.length text) ~fill:(fun ~at ~from ~length ->
        Lwt_bytes.blit_from_string text from buffer at length;
        Lwt.return_unit)
  in
  let part filled = function
    | Response.Text body -> text body ~filled
    | Range { offset; length } ->
        put ~filled ~from:offset ~length ~fill:(fun ~at ~from ~length ->
            Device.read t.archive buffer ~at ~length ~offset:from)
  in
  text head ~filled:0 >>= fun filled ->
  Lwt_list.fold_left_s part filled response.body >>= fun filled -> write ~length:filled

(* What the client still sends is read and dropped for a moment: closing with unread bytes would reset
   the connection, and the client could lose the response (RFC 9112, 9.6). *)
let linger socket deadline scratch =
  Deadline.set deadline Answered ~seconds:1.;
  Tls.close_notify socket;
  Lwt_unix.shutdown (Lwt_ssl.get_fd socket) Unix.SHUTDOWN_SEND;
  let rec drain left =
    if left <= 0 then Lwt.return_unit
    else
      Lwt_unix.read (Lwt_ssl.get_fd socket) scratch 0 (Bytes.length scratch) >>= function
      | 0 -> Lwt.return_unit
      | n -> drain (left - n)
  in
  drain 262_144

let converse t client socket deadline =
  let buffer = Request.create () in
  let scratch = Bytes.create 2_048 in
  let answered = ref 0 in
  let answer ~http_1_0 (response : Response.t) ~continue =
    incr answered;
    let last = t.draining () || !answered >= limits.requests in
    let response = if last then { response with close = true } else response in
    send t socket deadline ~http_1_0 response >>= fun () ->
    if response.close || t.draining () then linger socket deadline scratch else continue ()
  in
  let begun = ref false in
  let rec next () =
    match Request.next buffer with
    | Refused error -> answer ~http_1_0:false (Visitors.refused t.visitors client error) ~continue:next
    | Request request -> answer ~http_1_0:request.http_1_0 (t.respond client request) ~continue:rest
    | Incomplete -> (
        Lwt_ssl.read socket scratch 0 (Bytes.length scratch) >>= function
        | 0 -> Lwt.return_unit
        | n ->
            (* Set once for each request: drip-feeding does not move it. *)
            if not !begun then Deadline.set deadline Asking ~seconds:limits.head;
            begun := true;
            Request.feed buffer scratch 0 n;
            next ())
  and rest () =
    begun := not (Request.is_empty buffer);
    if !begun then Deadline.set deadline Asking ~seconds:limits.head
    else Deadline.set deadline Idle ~seconds:(if t.crowded () then 1. else limits.idle);
    next ()
  in
  (* Who has just come is asking, not idle. *)
  Deadline.set deadline Asking ~seconds:limits.head;
  next ()

let serve t fd ~peer =
  let deadline = Deadline.register fd ~peer ~seconds:limits.handshake in
  let client = { Visitors.address = peer; http_2 = false } in
  Visitors.connected t.visitors;
  let talk () =
    Lwt_unix.setsockopt fd Unix.TCP_NODELAY true;
    match t.tls with
    | None -> converse t client (Lwt_ssl.plain fd) deadline
    | Some context ->
        let failed () = Visitors.handshake_failed t.visitors in
        Tls.accept fd context ~failed (fun socket -> converse t client socket deadline)
  in
  (* Resets, failed handshakes, passed deadlines: whatever ends a connection ends that one alone. *)
  Lwt.finalize
    (fun () -> Lwt.catch talk (fun _ -> Lwt.return_unit))
    (fun () ->
      Deadline.remove deadline;
      Socket.close fd;
      Lwt.return_unit)
