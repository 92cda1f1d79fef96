(* mirage >= 4.11.0 & < 4.12.0 *)
open Mirage

let packages =
  [
    package ~min:"0.13.0" ~max:"0.14.0" "h2";
    package ~min:"4.0.0" ~max:"5.0.0" "mirage-net";
    package ~min:"2.1.0" ~max:"3.0.0" "tls";
    package ~min:"2.1.0" ~max:"3.0.0" "tls-mirage";
    package ~min:"1.1.0" ~max:"2.0.0" "x509";
  ]

(* [lib] is the same library that the Linux backend serves with. *)
let unikernel =
  main ~packages ~local_libs:[ "mirage_pages" ] "Unikernel.Main" (block @-> block @-> stackv4v6 @-> job)

let gate =
  let connect _ name = function
    | [ net ] -> code ~pos:__POS__ "%s.connect %s" name net
    | _ -> invalid_arg "the gate stands before one network device"
  in
  impl ~connect "Gate.Make" (network @-> network)

let () =
  register "mirage-pages"
    [
      unikernel
      $ block_of_file "identity"
      $ block_of_file "site"
      $ generic_stackv4v6 (gate $ default_network);
    ]
