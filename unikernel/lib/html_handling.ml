type t = Enabled | Disabled

(* These modes differ in where the packer puts the pages, which the index tells. *)
let of_policy = function
  | Some ("keep-names" | "auto-trailing-slash" | "force-trailing-slash" | "drop-trailing-slash") -> Some Enabled
  | None | Some "none" -> Some Disabled
  | Some _ -> None

let without_suffix path suffix =
  let base = String.length path - String.length suffix in
  if base >= 0 && String.sub path base (String.length suffix) = suffix then Some (String.sub path 0 base)
  else None

let index_of base = if base = "" then [ "/" ] else [ base ^ "/"; base ]

let other_names t path =
  if t = Disabled then []
  else
    match without_suffix path "/index.html" with
    | Some base -> index_of base
    | None -> (
        match without_suffix path "/index" with
        | Some base -> index_of base
        | None -> (
            match without_suffix path ".html" with
            | Some base -> [ base; base ^ "/" ]
            | None -> (
                match without_suffix path "/" with
                | Some base -> [ base ]
                | None -> [ path ^ "/" ])))
