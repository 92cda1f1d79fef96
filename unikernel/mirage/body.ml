open Lwt.Infix
open Mirage_pages

type archive = before:int -> offset:int -> length:int -> Cstruct.t Lwt.t

let rec next archive ~before ~size = function
  | [] -> Lwt.return_none
  | Response.Text "" :: rest | Range { length = 0; _ } :: rest -> next archive ~before ~size rest
  | Text text :: rest ->
      let length = min size (String.length text) in
      let after = Response.Text (String.sub text length (String.length text - length)) in
      let piece = Cstruct.create_unsafe (before + length) in
      Cstruct.blit_from_string text 0 piece before length;
      Lwt.return_some (piece, after :: rest)
  | Range { offset; length } :: rest ->
      let taken = min size length in
      archive ~before ~offset ~length:taken >|= fun bytes ->
      Some (bytes, Response.Range { offset = offset + taken; length = length - taken } :: rest)
