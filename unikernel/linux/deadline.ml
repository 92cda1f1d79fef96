open Lwt.Infix
module Connections = Mirage_pages.Connections

exception Passed

type t = Lwt_unix.file_descr Connections.connection
type stage = Connections.stage = Asking | Idle | Answered

let all : Lwt_unix.file_descr Connections.t = Connections.create ()
let register fd = Connections.register all fd
let set t = Connections.set all t
let remove t = Connections.remove all t
let count () = Connections.count all
let count_of peer = Connections.count_of all peer
let abort fd = Lwt_unix.abort fd Passed
let abort_waiting () = List.iter abort (Connections.waiting all)

let make_room () =
  let first = Connections.make_room all in
  Option.iter abort first;
  first <> None

let rec run () =
  Lwt_unix.sleep Connections.tick_seconds >>= fun () ->
  List.iter abort (Connections.tick all);
  run ()
