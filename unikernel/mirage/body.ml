open Lwt.Infix
open Mirage_pages

type archive = offset:int -> length:int -> Cstruct.t Lwt.t

let rec next archive ~size = function
  | [] -> Lwt.return_none
  | Response.Text "" :: rest | Range { length = 0; _ } :: rest -> next archive ~size rest
  | Text text :: rest ->
      let length = min size (String.length text) in
      let after = Response.Text (String.sub text length (String.length text - length)) in
      Lwt.return_some (Cstruct.of_string ~len:length text, after :: rest)
  | Range { offset; length } :: rest ->
      let taken = min size length in
      archive ~offset ~length:taken >|= fun bytes ->
      Some (bytes, Response.Range { offset = offset + taken; length = length - taken } :: rest)
