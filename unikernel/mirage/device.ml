open Lwt.Infix

module Make (B : Mirage_block.S) = struct
  type t = { block : B.t; sector : int; size : int }

  let connect block =
    B.get_info block >|= fun { Mirage_block.sector_size; size_sectors; _ } ->
    { block; sector = sector_size; size = sector_size * Int64.to_int size_sectors }

  let size t = t.size

  (* A device gives whole sectors. *)
  let read t ~before ~offset ~length =
    if offset < 0 || length < 0 || length > t.size - offset then
      Lwt.fail_with (Printf.sprintf "bytes %d to %d lie beyond the device's end" offset (offset + length))
    else
      let first = offset / t.sector in
      let sectors = ((offset + length + t.sector - 1) / t.sector) - first in
      let buffer = Cstruct.create_unsafe (before + (sectors * t.sector)) in
      B.read t.block (Int64.of_int first) [ Cstruct.shift buffer before ] >>= function
      | Ok () -> Lwt.return (Cstruct.sub buffer (offset - (first * t.sector)) (before + length))
      | Error error -> Lwt.fail_with (Format.asprintf "cannot read the device: %a" B.pp_error error)
end
