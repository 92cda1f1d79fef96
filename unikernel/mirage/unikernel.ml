open Lwt.Infix
open Mirage_pages

(* Said on the console, for the person who looks why a machine does not serve. *)
let say format = Printf.ksprintf (fun line -> Printf.printf "mirage-pages: %s\n%!" line) format

exception Refused of string

let refuse format = Printf.ksprintf (fun reason -> raise (Refused reason)) format

module Arguments = struct
  open Cmdliner

  let port name ~default doc = Mirage_runtime.register_arg Arg.(value & opt int default & info [ name ] ~docv:"PORT" ~doc)
  let http = port "http" ~default:80 "where requests are redirected to https"
  let https = port "https" ~default:443 "where the site is served"

  let memory =
    let doc = "the memory that there is for all of it; how many connections may be open follows from it" in
    Mirage_runtime.register_arg Arg.(value & opt int 256 & info [ "memory" ] ~docv:"MIB" ~doc)

  let report =
    let doc = "seconds between lines on memory and connections; 0: none" in
    Mirage_runtime.register_arg Arg.(value & opt int 0 & info [ "report" ] ~docv:"SECONDS" ~doc)
end

(* Without good random numbers TLS is none: better no server than a predictable one. *)
let require_random () =
  match Mirage_crypto_rng.Entropy.cpu_rng_bootstrap with
  | Ok _ -> ()
  | Error `Not_supported -> refuse "this CPU has no random number generator (RDRAND or RDSEED)"

let checked what = function Ok value -> value | Error (`Msg reason) -> refuse "identity: %s: %s" what reason

(* TLS 1.2 and 1.3, forward secrecy and authenticated encryption alone; no session is kept or
   ticketed: memory does not grow, and nothing long-lived decrypts the past. *)
let tls_config (identity : Identity.t) =
  let chain = checked "chain.pem" (X509.Certificate.decode_pem_multiple identity.chain) in
  let key = checked "key.pem" (X509.Private_key.decode_pem identity.key) in
  let ciphers =
    [
      `AES_128_GCM_SHA256; `AES_256_GCM_SHA384; `CHACHA20_POLY1305_SHA256;
      `ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; `ECDHE_RSA_WITH_AES_128_GCM_SHA256;
      `ECDHE_ECDSA_WITH_AES_256_GCM_SHA384; `ECDHE_RSA_WITH_AES_256_GCM_SHA384;
      `ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256; `ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;
    ]
  in
  let config =
    Tls.Config.server ~version:(`TLS_1_2, `TLS_1_3) ~ciphers
      ~groups:[ `X25519; `P256; `P384 ]
      ~certificates:(`Single (chain, key))
      ~alpn_protocols:[ "h2"; "http/1.1" ] ()
  in
  let valid_from, valid_until = X509.Certificate.validity (List.hd chain) in
  let seconds time = int_of_float (Ptime.to_float_s time) in
  let now = seconds (Mirage_ptime.now ()) in
  Option.iter (say "%s") (Validity.warning ~now ~from:(seconds valid_from) ~until:(seconds valid_until));
  checked "TLS" config

module Main
    (Identity_block : Mirage_block.S)
    (Site_block : Mirage_block.S)
    (Stack : Tcpip.Stack.V4V6) =
struct
  module Identity_device = Device.Make (Identity_block)
  module Site_device = Device.Make (Site_block)

  (* A response's last segment is not kept back until the client has acknowledged the others. *)
  module Tcp = struct
    include Stack.TCP

    let write flow = Memory.write (write_nodelay flow)
  end

  module Tls_flow = Tls_mirage.Make (Tcp)
  module Plain = Connection.Make (Tcp)
  module Secure = Connection.Make (Tls_flow)
  module Secure_http2 = Http2.Make (Tls_flow)

  let rec opened_site device = function
    | Site.Opened site -> Lwt.return site
    | Site.Malformed reason -> refuse "%s" reason
    | Site.Read { offset; length; continue } ->
        Site_device.read device ~before:0 ~offset ~length >>= fun bytes ->
        opened_site device (continue (Cstruct.to_string bytes))

  let load identity_block site_block =
    Identity_device.connect identity_block >>= fun identity_device ->
    Site_device.connect site_block >>= fun archive ->
    let length = min (Identity_device.size identity_device) Identity.max_size in
    Identity_device.read identity_device ~before:0 ~offset:0 ~length >>= fun bytes ->
    match Identity.parse (Cstruct.to_string bytes) with
    | Error reason -> refuse "%s" reason
    | Ok identity ->
        opened_site archive (Site.open_ identity ~device_size:(Site_device.size archive)) >|= fun site ->
        (site, archive)

  let secure visitors answering config flow deadline =
    Tls_flow.server_of_flow config flow >>= function
    | Error _ ->
        Visitors.handshake_failed visitors;
        Lwt.return_unit
    | Ok tls ->
        (match Tls_flow.epoch tls with
        | Ok { alpn_protocol = Some "h2"; _ } ->
            Secure_http2.converse (answering flow ~http_2:true) tls deadline
        | Ok _ | Error () -> Secure.converse (answering flow ~http_2:false) tls deadline)
        >>= fun () -> Tls_flow.shutdown tls `write

  (* Resets, failed handshakes, passed deadlines: whatever ends a connection ends that one alone. It
     counts until it is closed, which a client that no longer reads can put off; but not for ever. *)
  let serve visitors ~per_address ~local_port talk flow =
    let address, port = Tcp.dst flow in
    (match address with
    | V4 address -> Half_open.(opened Gate.half_open (key ~address:(Ipaddr.V4.to_int32 address) ~port ~local_port))
    | V6 _ -> ());
    let peer = Ipaddr.to_octets address in
    let greedy = Deadline.count_of peer >= per_address in
    if not greedy then Deadline.make_room 1;
    if greedy || not (Deadline.has_room ()) then Tcp.close flow
    else
      let () = Visitors.connected visitors in
      let deadline = Deadline.register ~peer ~seconds:Connection.limits.handshake in
      let quietly run = Lwt.catch run (fun _ -> Lwt.return_unit) in
      quietly (fun () -> Deadline.guard deadline (fun () -> talk flow deadline)) >>= fun () ->
      Deadline.set deadline Answered ~seconds:Connection.limits.write;
      quietly (fun () ->
          Deadline.guard deadline (fun () ->
              Tcp.shutdown flow `read >>= fun () -> Tcp.close flow))
      >|= fun () -> Deadline.remove deadline flow

  let rec report ~seconds =
    Mirage_sleep.ns (Duration.of_sec seconds) >>= fun () ->
    let { Gc.heap_words; minor_collections; major_collections; _ } = Gc.quick_stat () in
    say "%d connections, heap %d KiB, collections %d minor %d major" (Deadline.count ())
      (heap_words / 128) minor_collections major_collections;
    report ~seconds

  let start identity_block site_block stack =
    let started = Mirage_mtime.elapsed_ns () in
    (* Lwt would let [Out_of_memory] through, which may end the connection that met it, but no other. *)
    Lwt.Exception_filter.(set handle_all);
    Memory.share_out ~bytes:(Arguments.memory () * 1_048_576);
    (Lwt.async_exception_hook := fun e -> say "unexpected: %s" (Printexc.to_string e));
    (Gate.on_other_address :=
       fun () ->
         say "DHCP has given this machine another address: starting again with it";
         exit 1);
    require_random ();
    load identity_block site_block >>= fun (site, archive) ->
    let config = tls_config site.identity in
    let connections = Memory.connections () in
    let per_address = max 64 (connections / 2) in
    Deadline.limit ~most:connections;
    Half_open.limit Gate.half_open ~most:(max 64 (connections / 16));
    let archive = Site_device.read archive in
    let visitors = Visitors.create site.identity ~now:(fun () -> Ptime.to_float_s (Mirage_ptime.now ())) in
    let answering respond flow ~http_2 =
      let client = { Visitors.address = Ipaddr.to_string (fst (Tcp.dst flow)); http_2 } in
      let respond = respond visitors site client and refused = Visitors.refused visitors client in
      { Connection.respond; refused; archive }
    in
    let plain flow = Plain.converse (answering Visitors.redirect flow ~http_2:false) flow in
    let listen port talk = Tcp.listen (Stack.tcp stack) ~port (serve visitors ~per_address ~local_port:port talk) in
    listen (Arguments.http ()) plain;
    listen (Arguments.https ()) (secure visitors (answering Visitors.respond) config);
    let each_tick () =
      Half_open.tick Gate.half_open;
      Memory.tick ()
    in
    Lwt.async (fun () -> Deadline.run each_tick);
    let seconds = Arguments.report () in
    if seconds > 0 then Lwt.async (fun () -> report ~seconds);
    let took = Int64.to_float (Int64.sub (Mirage_mtime.elapsed_ns ()) started) /. 1e6 in
    say "listening release=%d entries=%d connections=%d in %.0fms" site.identity.release (Index.length site.index)
      connections took;
    Stack.listen stack

  let start identity_block site_block stack =
    Lwt.catch
      (fun () -> start identity_block site_block stack)
      (function
        | Refused reason ->
            say "%s" reason;
            exit 1
        | e -> Lwt.fail e)
end
