let small = 16_384
let large = 65_536
let max_large = 128

(* Buffers kept for the next response; more than these are left to the garbage collector. *)
let max_spare = 32

type kind = { size : int; mutable spare : Lwt_bytes.t list; mutable spares : int; mutable out : int }

let small_ones = { size = small; spare = []; spares = 0; out = 0 }
let large_ones = { size = large; spare = []; spares = 0; out = 0 }

let take kind =
  kind.out <- kind.out + 1;
  match kind.spare with
  | buffer :: rest ->
      kind.spare <- rest;
      kind.spares <- kind.spares - 1;
      buffer
  | [] -> Lwt_bytes.create kind.size

let give kind buffer =
  kind.out <- kind.out - 1;
  if kind.spares < max_spare then (
    kind.spare <- buffer :: kind.spare;
    kind.spares <- kind.spares + 1)

let with_buffer ~want f =
  let kind = if want > small && large_ones.out < max_large then large_ones else small_ones in
  let buffer = take kind in
  Lwt.finalize
    (fun () -> f buffer)
    (fun () ->
      give kind buffer;
      Lwt.return_unit)
