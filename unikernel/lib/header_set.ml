type t = { list : (string * string) list; block : string }

let of_list list =
  { list; block = String.concat "" (List.map (fun (name, value) -> name ^ ": " ^ value ^ "\r\n") list) }

let empty = of_list []
