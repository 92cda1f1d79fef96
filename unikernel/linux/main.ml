open Lwt.Infix
open Mirage_pages

type options = {
  identity : string;
  site : string;
  http : int;
  https : int;
  address : Unix.inet_addr;
  connections : int;
  per_address : int;
}

(* Said on the console, for the person who looks why a machine does not serve. *)
let say format = Printf.ksprintf (fun line -> Printf.printf "mirage-pages: %s\n%!" line) format

exception Refused of string

let refuse format = Printf.ksprintf (fun reason -> raise (Refused reason)) format

let options () =
  let identity = ref "" and site = ref "" in
  let http = ref 80 and https = ref 443 in
  let address = ref "0.0.0.0" and connections = ref 0 and per_address = ref 0 in
  let specification =
    [
      ("--identity", Arg.Set_string identity, "FILE  identity archive: a file or a block device");
      ("--site", Arg.Set_string site, "FILE  site archive: a file or a block device");
      ("--http", Arg.Set_int http, "PORT  where requests are redirected to https (80)");
      ("--https", Arg.Set_int https, "PORT  where the site is served (443)");
      ("--address", Arg.Set_string address, "ADDRESS  to listen on (0.0.0.0)");
      ("--connections", Arg.Set_int connections, "N  most connections open at once (by the memory)");
      ("--per-address", Arg.Set_int per_address, "N  most of them from one address (half of them, 64 at least)");
    ]
  in
  let usage = "mirage-pages-linux --identity FILE --site FILE [option…]" in
  Arg.parse (Arg.align specification) (fun word -> raise (Arg.Bad ("unexpected " ^ word))) usage;
  if !identity = "" || !site = "" then (
    Arg.usage specification usage;
    exit 2);
  let address =
    try Unix.inet_addr_of_string !address
    with Failure _ -> refuse "--address %s is no IP address" !address
  in
  let identity = !identity and site = !site and http = !http and https = !https in
  let connections = if !connections > 0 then !connections else Capacity.connections () in
  let per_address = if !per_address > 0 then !per_address else max 64 (connections / 2) in
  { identity; site; http; https; address; connections; per_address }

let opened what path =
  Lwt.catch
    (fun () -> Device.open_ path)
    (function
      | Unix.Unix_error (error, _, _) ->
          refuse "cannot open the %s at %s: %s" what path (Unix.error_message error)
      | e -> Lwt.fail e)

let rec opened_site device = function
  | Site.Opened site -> Lwt.return site
  | Site.Malformed reason -> refuse "%s" reason
  | Site.Read { offset; length; continue } ->
      Device.read_string device ~offset ~length >>= fun bytes -> opened_site device (continue bytes)

let load options =
  opened "identity" options.identity >>= fun identity_device ->
  opened "site archive" options.site >>= fun archive ->
  let length = min (Device.size identity_device) Identity.max_size in
  Device.read_string identity_device ~offset:0 ~length >>= fun bytes ->
  match Identity.parse bytes with
  | Error reason -> refuse "%s" reason
  | Ok identity ->
      opened_site archive (Site.open_ identity ~device_size:(Device.size archive)) >|= fun site ->
      (site, archive)

(* Without good random numbers TLS is none: better no server than a predictable one. *)
let rec await_random ~tries =
  if Device.random_ready () then Lwt.return_unit
  else if tries = 0 then refuse "the kernel has no randomness to give (does the CPU lack RDRAND?)"
  else Lwt_unix.sleep 0.1 >>= fun () -> await_random ~tries:(tries - 1)

let bound address port =
  Listener.bind address port >|= function Ok listener -> listener | Error reason -> refuse "%s" reason

(* Ends with the last connection, or after five seconds. *)
let drain listeners =
  Lwt_list.iter_p Lwt_unix.close listeners >>= fun () ->
  Deadline.abort_waiting ();
  let rec wait tries =
    if tries = 0 || Deadline.count () = 0 then Lwt.return_unit
    else Lwt_unix.sleep 0.05 >>= fun () -> wait (tries - 1)
  in
  wait 100

let serve options ~started =
  await_random ~tries:100 >>= fun () ->
  load options >>= fun (site, archive) ->
  let tls =
    match Tls.context ~chain:site.identity.chain ~key:site.identity.key with
    | Ok context -> context
    | Error reason -> refuse "identity: %s" reason
  in
  let from, until = Tls.validity tls in
  Option.iter (say "%s") (Validity.warning ~now:(int_of_float (Unix.time ())) ~from ~until);
  bound options.address options.http >>= fun http ->
  bound options.address options.https >>= fun https ->
  let stop, stopped = Lwt.wait () in
  let draining () = not (Lwt.is_sleeping stop) in
  let crowded () = Deadline.count () > options.connections * 3 / 4 in
  let on_signal _ = if Lwt.is_sleeping stop then Lwt.wakeup_later stopped () in
  ignore (Lwt_unix.on_signal Sys.sigterm on_signal : Lwt_unix.signal_handler_id);
  ignore (Lwt_unix.on_signal Sys.sigint on_signal : Lwt_unix.signal_handler_id);
  let visitors = Visitors.create site.identity ~now:Unix.gettimeofday in
  let accept listener ~tls ~respond =
    let connection = { Connection.respond; visitors; archive; tls; crowded; draining } in
    Lwt.async (fun () ->
        let serve = Connection.serve connection in
        let limits = { Listener.connections = options.connections; per_address = options.per_address } in
        Listener.accept listener limits ~serve)
  in
  accept http ~tls:None ~respond:(Visitors.redirect visitors site);
  accept https ~tls:(Some tls) ~respond:(Visitors.respond visitors site);
  Lwt.async Deadline.run;
  say "listening release=%d entries=%d in %.0fms" site.identity.release (Index.length site.index)
    ((Unix.gettimeofday () -. started) *. 1000.);
  Lwt.async (fun () ->
      Lwt_unix.sleep 1. >>= fun () ->
      Lwt.catch
        (fun () ->
          let start = Unix.gettimeofday () in
          Device.read_through archive ~size:site.identity.archive_size >|= fun () ->
          let took = Unix.gettimeofday () -. start in
          say "read the site through: %d bytes in %.1fs" site.identity.archive_size took)
        (fun e ->
          say "cannot read the site through: %s" (Printexc.to_string e);
          Lwt.return_unit));
  stop >>= fun () ->
  drain [ http; https ] >|= fun () -> say "stopped"

let () =
  let started = Unix.gettimeofday () in
  Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
  (* No exception of a connection may end the server. *)
  (Lwt.async_exception_hook :=
     function
     | Lwt.Canceled | Unix.Unix_error (EBADF, _, _) -> ()
     | e -> say "unexpected: %s" (Printexc.to_string e));
  Lwt_unix.set_pool_size 8;
  match Lwt_main.run (Lwt.catch (fun () -> serve (options ()) ~started) Lwt.fail) with
  | () -> ()
  | exception Refused reason ->
      say "%s" reason;
      exit 1
  | exception Unix.Unix_error (error, call, what) ->
      say "%s %s: %s" call what (Unix.error_message error);
      exit 1
