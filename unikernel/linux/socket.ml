exception Closed

let close fd =
  Lwt_unix.abort fd Closed;
  try Unix.close (Lwt_unix.unix_file_descr fd) with Unix.Unix_error _ -> ()
