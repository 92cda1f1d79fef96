open Lwt.Infix
open Mirage_pages
module Server = H2.Server_connection
module Writer = H2.Body.Writer

(* A piece of a body is to fit into a record of TLS with this before it. *)
let frame_header = 9

(* What a connection of HTTP/2 holds beside what one of HTTP/1.1 does, and each of its streams with a body. *)
let weight = 3

let stream_weight = 4

(* Bodies of requests are not read: the smallest window is enough. The buffers are for what is copied into
   bodies, which nothing is. *)
let config =
  {
    H2.Config.default with
    max_concurrent_streams = Int32.of_int Http2_frames.max_streams;
    enable_server_push = false;
    initial_window_size = 65_535l;
    request_body_buffer_size = 16;
    response_body_buffer_size = 16;
  }

(* [woken] waits for a piece to be taken. *)
type stream = { reqd : H2.Reqd.t; mutable woken : [ `Written | `Closed ] Lwt.u option }

type t = {
  shared : Connection.t;
  deadline : Deadline.t;
  frames : Http2_frames.t;
  mutable streams : stream list;
}

let progress t =
  Http2_frames.progressed t.frames;
  Deadline.set t.deadline Answered ~seconds:Connection.limits.write

let wake stream how =
  match stream.woken with
  | None -> ()
  | Some woken ->
      stream.woken <- None;
      Lwt.wakeup_later woken how

(* The client has reset it, or [h2] has: neither is told. *)
let is_gone { reqd; _ } = H2.Reqd.response reqd = None

let sweep t = List.iter (fun stream -> if is_gone stream then wake stream `Closed) t.streams

let request_of reqd =
  let { H2.Request.meth; target; headers; _ } = H2.Reqd.request reqd in
  let authority = H2.Headers.get headers ":authority" in
  let headers = List.filter (fun (name, _) -> name.[0] <> ':') (H2.Headers.to_list headers) in
  Request.of_http2 ~meth:(H2.Method.to_string meth) ~path:target ~authority ~headers

(* [h2] refers to a field that it has sent before, even if the table had no room for it: what is longer is
   marked never to be referred to. *)
let max_indexed = 1_024

let headers_of (response : Response.t) =
  let lower (name, value) = (String.lowercase_ascii name, value) in
  let headers = ("date", Connection.date ()) :: List.map lower (Response.headers response) in
  let length = [ ("content-length", string_of_int response.length) ] in
  let add fields (name, value) = H2.Headers.add fields ~sensitive:(String.length value > max_indexed) name value in
  List.fold_left add H2.Headers.empty (if Response.has_length response then headers @ length else headers)

let taken stream writer =
  let promise, woken = Lwt.wait () in
  stream.woken <- Some woken;
  Writer.flush writer (wake stream);
  promise

let rec send t stream writer parts =
  Body.next t.shared.archive ~before:0 ~size:(Memory.record () - frame_header) parts >>= function
  | _ when is_gone stream || Writer.is_closed writer -> Lwt.return `Closed
  | None -> Lwt.return `Written
  | Some ({ Cstruct.buffer; off; len }, rest) -> (
      Writer.schedule_bigstring writer ~off ~len buffer;
      taken stream writer >>= function
      | `Closed -> Lwt.return `Closed
      | `Written ->
          progress t;
          send t stream writer rest)

let finished t stream ~early =
  Http2_frames.ended t.frames ~early;
  t.streams <- List.filter (( != ) stream) t.streams;
  if t.streams = [] then Connection.rest t.deadline

let send_body t reqd head parts =
  let stream = { reqd; woken = None } in
  let writer = H2.Reqd.respond_with_streaming reqd head in
  let how = ref `Closed in
  let whole () =
    Deadline.holding t.deadline stream_weight (fun () ->
        send t stream writer parts >|= fun ended -> how := ended)
  in
  let failed error =
    H2.Reqd.report_exn reqd error;
    Lwt.return_unit
  in
  t.streams <- stream :: t.streams;
  Lwt.async (fun () ->
      Lwt.catch whole failed >|= fun () ->
      if not (Writer.is_closed writer) then Writer.close writer;
      finished t stream ~early:(!how = `Closed))

let answer t reqd =
  Deadline.set t.deadline Answered ~seconds:Connection.limits.write;
  H2.Body.Reader.close (H2.Reqd.request_body reqd);
  if Http2_frames.opened t.frames then
    let response =
      match request_of reqd with
      | Ok request -> t.shared.respond request
      | Error error -> t.shared.refused error
    in
    let head = H2.Response.create ~headers:(headers_of response) (`Code response.status) in
    match response.body with
    | [] ->
        H2.Reqd.respond_with_string reqd head "";
        Http2_frames.ended t.frames ~early:false;
        progress t;
        if t.streams = [] then Connection.rest t.deadline
    | parts -> send_body t reqd head parts

module Make (F : Mirage_flow.S) = struct
  (* Writes what there is to write; [`Waiting] for [wake] when there is no more for now. *)
  let rec write flow server =
    match Server.next_write_operation server with
    | `Close _ -> Lwt.return `Done
    | `Yield ->
        let woken, wake = Lwt.wait () in
        Server.yield_writer server (fun () -> Lwt.wakeup_later wake ());
        Lwt.return (`Waiting woken)
    | `Write pieces -> (
        let bytes { H2.IOVec.buffer; off; len } = Cstruct.of_bigarray buffer ~off ~len in
        (* As one: each buffer would be a record of its own. *)
        F.write flow (Cstruct.concat (List.map bytes pieces)) >>= function
        | Ok () ->
            Server.report_write_result server (`Ok (H2.IOVec.lengthv pieces));
            write flow server
        | Error _ ->
            Server.report_write_result server `Closed;
            Lwt.fail Connection.Closed)

  (* What the parser did not take stands before what comes next. *)
  let read server left bytes =
    let bytes = Cstruct.append left (Cstruct.of_string bytes) in
    let { Cstruct.buffer; off; len } = bytes in
    let rec go at =
      if at = len then at
      else match Server.read server buffer ~off:(off + at) ~len:(len - at) with 0 -> at | n -> go (at + n)
    in
    Cstruct.shift bytes (go 0)

  let converse shared flow deadline =
    let t = { shared; deadline; frames = Http2_frames.create (); streams = [] } in
    let error_handler ?request:_ _ respond = Writer.close (respond H2.Headers.empty) in
    let server = Server.create ~config ~error_handler (answer t) in
    let rec answers ~reading ~left =
      write flow server >>= function
      | `Done -> Lwt.return_unit
      | `Waiting woken -> requests ~reading ~left ~woken:(woken >|= fun () -> `Woken)
    (* A server that waits is to be asked for output again when it wakes, not before. *)
    and requests ~reading ~left ~woken =
      let received = reading >|= fun bytes -> `Received bytes in
      Lwt.choose [ received; woken ] >>= function
      | `Woken -> answers ~reading ~left
      | `Received (Ok `Eof | Error _) -> Lwt.fail Connection.Closed
      | `Received (Ok (`Data bytes)) -> (
          match Http2_frames.feed t.frames (Cstruct.to_string bytes) with
          | Error error -> refuse error
          | Ok bytes -> (
              let left = read server left bytes in
              sweep t;
              match Server.next_read_operation server with
              | `Read -> requests ~reading:(F.read flow) ~left ~woken
              | `Close -> write flow server >|= ignore))
    and refuse error =
      F.write flow (Cstruct.of_string (Http2_frames.goaway t.frames error)) >|= ignore
    in
    Deadline.set deadline Asking ~seconds:Connection.limits.head;
    Deadline.holding deadline weight (fun () -> answers ~reading:(F.read flow) ~left:Cstruct.empty)
end
