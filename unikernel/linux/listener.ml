open Lwt.Infix

let backlog = 1_024

let bind address port =
  let where = Printf.sprintf "%s port %d" (Unix.string_of_inet_addr address) port in
  let domain = Unix.domain_of_sockaddr (Unix.ADDR_INET (address, port)) in
  let fd = Lwt_unix.socket ~cloexec:true domain Unix.SOCK_STREAM 0 in
  Lwt.catch
    (fun () ->
      Lwt_unix.setsockopt fd Unix.SO_REUSEADDR true;
      Lwt_unix.bind fd (Unix.ADDR_INET (address, port)) >|= fun () ->
      Lwt_unix.listen fd backlog;
      Ok fd)
    (function
      | Unix.Unix_error (error, _, _) ->
          Lwt.return (Error (Printf.sprintf "cannot listen on %s: %s" where (Unix.error_message error)))
      | e -> Lwt.fail e)

type limits = { connections : int; per_address : int }

let closed = Lwt_condition.create ()

(* Waits until there is room; how long depends on others, so it looks again now and then. *)
let rec room limits =
  if Deadline.count () < limits.connections then Lwt.return_unit
  else
    let patience = if Deadline.make_room () then 0.05 else 0.25 in
    Lwt.pick [ Lwt_condition.wait closed; Lwt_unix.sleep patience ] >>= fun () -> room limits

let peer_of = function
  | Unix.ADDR_INET (address, _) -> Unix.string_of_inet_addr address
  | ADDR_UNIX path -> path

let rec accept listener limits ~serve =
    Lwt.catch
      (fun () ->
        room limits >>= fun () ->
        Lwt_unix.accept ~cloexec:true listener >>= fun (fd, address) ->
        let peer = peer_of address in
        if Deadline.count_of peer >= limits.per_address then Socket.close fd
        else Lwt.async (fun () -> serve fd ~peer >|= Lwt_condition.broadcast closed);
        Lwt.return_unit)
      (function
        (* Too few descriptors or too little memory: let some connections end first. *)
        | Unix.Unix_error ((EMFILE | ENFILE | ENOBUFS | ENOMEM), _, _) -> Lwt_unix.sleep 0.05
        (* The listener is closed: the server is about to stop. *)
        | Unix.Unix_error (EBADF, _, _) as e -> Lwt.fail e
        (* The client is gone already; others are not (accept(2)). *)
        | Unix.Unix_error _ -> Lwt.pause ()
        | e -> Lwt.fail e)
    >>= fun () -> accept listener limits ~serve
