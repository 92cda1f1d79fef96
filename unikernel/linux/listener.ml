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

let closed = Lwt_condition.create ()

let rec accept listener ~max_connections ~serve =
  if Deadline.count () >= max_connections then
    Lwt_condition.wait closed >>= fun () -> accept listener ~max_connections ~serve
  else
    Lwt.catch
      (fun () ->
        Lwt_unix.accept ~cloexec:true listener >|= fun (fd, _) ->
        Lwt.async (fun () -> serve fd >|= Lwt_condition.broadcast closed))
      (function
        (* Too few descriptors or too little memory: let some connections end first. *)
        | Unix.Unix_error ((EMFILE | ENFILE | ENOBUFS | ENOMEM), _, _) -> Lwt_unix.sleep 0.05
        (* The listener is closed: the server is about to stop. *)
        | Unix.Unix_error (EBADF, _, _) as e -> Lwt.fail e
        (* The client is gone already; others are not (accept(2)). *)
        | Unix.Unix_error _ -> Lwt.pause ()
        | e -> Lwt.fail e)
    >>= fun () -> accept listener ~max_connections ~serve
