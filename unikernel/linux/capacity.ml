external raise_files : unit -> int = "mirage_pages_raise_files"

(* A TLS connection at rest takes 53 KB of ours (measured), and the kernel some more. *)
let bytes_each = 65_536

(* Descriptors that are not connections. *)
let other_files = 32
let most = 6_000
let fewest = 64

(* In KiB; what cannot be read counts as little. *)
let free_memory () =
  match open_in "/proc/meminfo" with
  | exception Sys_error _ -> 0
  | channel ->
      let rec find () =
        match input_line channel with
        | exception End_of_file -> 0
        | line -> ( try Scanf.sscanf line "MemAvailable: %d kB" Fun.id with _ -> find ())
      in
      Fun.protect ~finally:(fun () -> close_in channel) find

let connections () =
  let by_memory = free_memory () * 1_024 / 2 / bytes_each in
  let by_files = raise_files () - other_files in
  max fewest (min most (min by_memory by_files))
