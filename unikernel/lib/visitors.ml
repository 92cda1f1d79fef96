type client = { address : string; http_2 : bool }

type state = {
  settings : Identity.access_log;
  now : unit -> float;
  started : float;
  boot : string;  (** another one after each start, for the lines are counted anew *)
  log : Ring.t;
  by_class : int array;  (** responses by the first digit of their status *)
  mutable requests : int;
  mutable bytes : int;
  mutable not_modified : int;
  mutable connections : int;
  mutable handshake_failures : int;
}

type t = state option

let path = "/.well-known/mirage-pages/access-log"

(* Some 40,000 lines. *)
let log_bytes = 8_388_608

(* Of lines in one answer. *)
let most = 524_288

let create (identity : Identity.t) ~now =
  let state settings =
    let started = now () in
    {
      settings;
      now;
      started;
      boot = Printf.sprintf "%.0f" (started *. 1e6);
      log = Ring.create ~bytes:log_bytes;
      by_class = Array.make 6 0;
      requests = 0;
      bytes = 0;
      not_modified = 0;
      connections = 0;
      handshake_failures = 0;
    }
  in
  Option.map state identity.access_log

let connected = Option.iter (fun state -> state.connections <- state.connections + 1)
let handshake_failed = Option.iter (fun state -> state.handshake_failures <- state.handshake_failures + 1)

let note state client request (response : Response.t) =
  let { address; http_2 } = client in
  let address = if state.settings.truncated then Log_line.truncated address else address in
  Ring.add state.log (Log_line.format ~address ~time:(int_of_float (state.now ())) ~http_2 request response);
  let digit = response.status / 100 in
  state.requests <- state.requests + 1;
  state.by_class.(digit) <- state.by_class.(digit) + 1;
  if response.body <> [] then state.bytes <- state.bytes + response.length;
  if response.status = 304 then state.not_modified <- state.not_modified + 1;
  response

(* Takes as long for a wrong secret as for the right one. *)
let same_secret one other =
  let rec differences i sum =
    if i = String.length one then sum
    else differences (i + 1) (sum lor (Char.code one.[i] lxor Char.code other.[i]))
  in
  String.length one = String.length other && differences 0 0 = 0

let knows_secret state (request : Request.t) =
  request.path = path && request.meth = Get
  &&
  match Request.header request "authorization" with
  | None -> false
  | Some given -> same_secret given ("Bearer " ^ state.settings.secret)

(* What the collector has kept, it asks no more for: [after=<boot>-<number>]. *)
let kept state (request : Request.t) =
  match String.split_on_char '-' (Option.value request.query ~default:"") with
  | [ boot; number ] when boot = "after=" ^ state.boot && String.length number <= 18 ->
      Option.value (int_of_string_opt ("0u" ^ number)) ~default:0
  | _ -> 0

let report state (request : Request.t) =
  Ring.forget state.log ~upto:(kept state request);
  let first, last, lines = Ring.oldest_first state.log ~most in
  let uptime = max 0 (int_of_float (state.now () -. state.started)) in
  let summary =
    Printf.sprintf
      "{\"boot\":\"%s\",\"first\":%d,\"last\":%d,\"newest\":%d,\"uptime\":%d,\"requests\":%d,\"bytes\":%d,\
       \"responses\":{\"2xx\":%d,\"3xx\":%d,\"4xx\":%d,\"5xx\":%d},\"notModified\":%d,\"connections\":%d,\
       \"handshakeFailures\":%d}\n"
      state.boot first last (Ring.newest state.log) uptime state.requests state.bytes state.by_class.(2)
      state.by_class.(3) state.by_class.(4) state.by_class.(5) state.not_modified state.connections
      state.handshake_failures
  in
  let close = request.has_body || not request.keep_alive in
  let headers = [ ("Content-Type", "text/plain; charset=utf-8"); ("Cache-Control", "no-store") ] in
  { (Response.text ~close 200 (summary ^ lines)) with headers }

let respond t site client request =
  match t with
  | None -> Respond.respond site request
  | Some state when knows_secret state request -> report state request
  | Some state -> note state client (Some request) (Respond.respond site request)

let redirect t site client request =
  let response = Respond.redirect site request in
  match t with None -> response | Some state -> note state client (Some request) response

let refused t client error =
  let response = Response.of_error error in
  match t with None -> response | Some state -> note state client None response
