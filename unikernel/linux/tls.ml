external configure : Ssl.context -> string -> string -> string = "mirage_pages_tls_configure"
external validity : Ssl.context -> int * int = "mirage_pages_tls_validity"
external free : Ssl.socket -> unit = "mirage_pages_tls_free"

let context ~chain ~key =
  Ssl.init ();
  let context = Ssl.create_context Ssl.SSLv23 Ssl.Server_context in
  match configure context chain key with "" -> Ok context | error -> Error error

let accept fd context ~failed run =
  let pending = Lwt_ssl.embed_uninitialized_socket fd context in
  let shake_hands () =
    Lwt.catch
      (fun () -> Lwt_ssl.ssl_accept_handshake pending)
      (fun error ->
        failed ();
        Lwt.fail error)
  in
  Lwt.finalize
    (fun () -> Lwt.bind (shake_hands ()) run)
    (fun () ->
      free (Lwt_ssl.ssl_socket_of_uninitialized_socket pending);
      Lwt.return_unit)

let close_notify socket =
  match Lwt_ssl.ssl_socket socket with
  | None -> ()
  | Some ssl -> ( try ignore (Ssl.close_notify ssl : bool) with _ -> ())
