open Lwt.Infix
open Mirage_pages
module Server = H2.Server_connection
module Writer = H2.Body.Writer

let max_streams = 100

(* Bytes that may come in without a request being answered or a piece of a response being taken:
   header blocks that do not end, pings, settings, bodies. *)
let max_idle_bytes = 262_144

(* Streams that a client may end early, beyond those that it has read to their end (CVE-2023-44487). *)
let max_resets = 100

(* A piece of a body is to fit into a record of TLS with this before it. *)
let frame_header = 9

(* What a connection of HTTP/2 holds beside what one of HTTP/1.1 does, and each of its streams with a body. *)
let weight = 3

let stream_weight = 4
let config = { H2.Config.default with max_concurrent_streams = Int32.of_int max_streams; enable_server_push = false }

type state = {
  shared : Connection.t;
  deadline : Deadline.t;
  mutable streams : int;
  mutable ended_early : int;
  mutable idle_bytes : int;
}

let progress t =
  t.idle_bytes <- 0;
  Deadline.set t.deadline Answered ~seconds:Connection.limits.write

let finished t =
  t.streams <- t.streams - 1;
  t.idle_bytes <- 0;
  if t.streams = 0 then Connection.rest t.deadline

(* A stream that the client resets may never hear that its output is gone: it stays in the count. *)
let abused t =
  t.idle_bytes > max_idle_bytes || t.ended_early > max_resets || t.streams > max_streams + max_resets

let request_of reqd =
  let { H2.Request.meth; target; headers; _ } = H2.Reqd.request reqd in
  let authority = H2.Headers.get headers ":authority" in
  let headers = List.filter (fun (name, _) -> name.[0] <> ':') (H2.Headers.to_list headers) in
  Request.of_http2 ~meth:(H2.Method.to_string meth) ~path:target ~authority ~headers

let headers_of (response : Response.t) =
  let lower (name, value) = (String.lowercase_ascii name, value) in
  let headers = ("date", Connection.date ()) :: List.map lower (Response.headers response) in
  let length = [ ("content-length", string_of_int response.length) ] in
  H2.Headers.of_list (if Response.has_length response then headers @ length else headers)

let taken writer =
  let promise, resolver = Lwt.wait () in
  Writer.flush writer (fun how -> Lwt.wakeup_later resolver how);
  promise

let rec stream t writer parts =
  Body.next t.shared.archive ~before:0 ~size:(Memory.record () - frame_header) parts >>= function
  | _ when Writer.is_closed writer -> Lwt.return `Closed
  | None -> Lwt.return `Written
  | Some ({ Cstruct.buffer; off; len }, rest) -> (
      Writer.schedule_bigstring writer ~off ~len buffer;
      taken writer >>= function
      | `Closed -> Lwt.return `Closed
      | `Written ->
          progress t;
          stream t writer rest)

let answer t reqd =
  t.streams <- t.streams + 1;
  progress t;
  H2.Body.Reader.close (H2.Reqd.request_body reqd);
  let response =
    match request_of reqd with
    | Ok request -> t.shared.respond request
    | Error error -> t.shared.refused error
  in
  let head = H2.Response.create ~headers:(headers_of response) (`Code response.status) in
  match response.body with
  | [] ->
      H2.Reqd.respond_with_string reqd head "";
      finished t
  | [ Text text ] ->
      H2.Reqd.respond_with_string reqd head text;
      finished t
  | parts ->
      let writer = H2.Reqd.respond_with_streaming reqd head in
      let ended = ref `Closed in
      let whole () =
        Deadline.holding t.deadline stream_weight (fun () ->
            stream t writer parts >|= fun how -> ended := how)
        >|= fun () ->
        if !ended = `Closed then t.ended_early <- t.ended_early + 1
        else t.ended_early <- max 0 (t.ended_early - 1)
      in
      let failed error =
        H2.Reqd.report_exn reqd error;
        Lwt.return_unit
      in
      Lwt.async (fun () ->
          Lwt.catch whole failed >|= fun () ->
          if not (Writer.is_closed writer) then Writer.close writer;
          finished t)

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
  let feed server left bytes =
    let { Cstruct.buffer; off; len } = if Cstruct.is_empty left then bytes else Cstruct.append left bytes in
    let rec go at =
      if at = len then at
      else match Server.read server buffer ~off:(off + at) ~len:(len - at) with 0 -> at | n -> go (at + n)
    in
    let taken = go 0 in
    Cstruct.of_bigarray buffer ~off:(off + taken) ~len:(len - taken)

  let converse shared flow deadline =
    let t = { shared; deadline; streams = 0; ended_early = 0; idle_bytes = 0 } in
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
      | `Received (Ok (`Data bytes)) ->
          t.idle_bytes <- t.idle_bytes + Cstruct.length bytes;
          if abused t then Lwt.fail Connection.Closed
          else
            let left = feed server left bytes in
            requests ~reading:(F.read flow) ~left ~woken
    in
    Deadline.set deadline Asking ~seconds:Connection.limits.head;
    Deadline.holding deadline weight (fun () -> answers ~reading:(F.read flow) ~left:Cstruct.empty)
end
