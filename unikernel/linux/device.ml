open Lwt.Infix

external read_cached : Unix.file_descr -> Lwt_bytes.t -> int -> int -> int -> int
  = "mirage_pages_read_cached"

external random_ready : unit -> bool = "mirage_pages_random_ready"

type t = {
  fd : Lwt_unix.file_descr;
  unix : Unix.file_descr;
  size : int;
  small : (int, string) Hashtbl.t;  (** short reads that were asked for, by their offsets *)
}

(* Short reads that are kept: with 1,024 of 4 KiB at most they take 4 MiB. *)
let short = 4_096
let most_kept = 1_024

let open_ path =
  Lwt_unix.openfile path [ Unix.O_RDONLY; Unix.O_CLOEXEC ] 0 >>= fun fd ->
  Lwt_unix.LargeFile.lseek fd 0L Unix.SEEK_END >|= fun size ->
  { fd; unix = Lwt_unix.unix_file_descr fd; size = Int64.to_int size; small = Hashtbl.create 64 }

let size t = t.size

let rec read_bytes t bytes ~at ~length ~offset =
  if length = 0 then Lwt.return_unit
  else
    Lwt_unix.pread t.fd bytes ~file_offset:offset at length >>= function
    | 0 -> Lwt.fail End_of_file
    | n -> read_bytes t bytes ~at:(at + n) ~length:(length - n) ~offset:(offset + n)

let rec read_whole t buffer ~at ~length ~offset =
  if length = 0 then Lwt.return_unit
  else
    match read_cached t.unix buffer at length offset with
    | n when n > 0 -> read_whole t buffer ~at:(at + n) ~length:(length - n) ~offset:(offset + n)
    | _ ->
        let bytes = Bytes.create length in
        read_bytes t bytes ~at:0 ~length ~offset >|= fun () ->
        Lwt_bytes.blit_from_bytes bytes 0 buffer at length

let read t buffer ~at ~length ~offset =
  match if length <= short then Hashtbl.find_opt t.small offset else None with
  | Some kept when String.length kept = length ->
      Lwt_bytes.blit_from_string kept 0 buffer at length;
      Lwt.return_unit
  | _ ->
      read_whole t buffer ~at ~length ~offset >|= fun () ->
      if length <= short then (
        if Hashtbl.length t.small >= most_kept then Hashtbl.reset t.small;
        Hashtbl.replace t.small offset (Lwt_bytes.to_string (Lwt_bytes.proxy buffer at length)))

let read_string t ~offset ~length =
  let bytes = Bytes.create length in
  read_bytes t bytes ~at:0 ~length ~offset >|= fun () -> Bytes.unsafe_to_string bytes

let piece = 131_072

let read_through t ~size =
  let bytes = Bytes.create piece in
  let rec go offset =
    if offset >= size then Lwt.return_unit
    else
      let length = min piece (size - offset) in
      let start = Unix.gettimeofday () in
      read_bytes t bytes ~at:0 ~length ~offset >>= fun () ->
      let took = Unix.gettimeofday () -. start in
      Lwt_unix.sleep (Float.max 0.002 (Float.min took 1.)) >>= fun () -> go (offset + length)
  in
  go 0
