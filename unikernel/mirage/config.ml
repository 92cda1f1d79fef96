(* mirage >= 4.11.0 & < 4.12.0 *)
open Mirage

let packages =
  [
    package ~min:"0.13.0" ~max:"0.14.0" "h2";
    package ~min:"2.1.0" ~max:"3.0.0" "tls";
    package ~min:"2.1.0" ~max:"3.0.0" "tls-mirage";
    package ~min:"1.1.0" ~max:"2.0.0" "x509";
  ]

(* [lib] is the same library that the Linux backend serves with. *)
let unikernel =
  main ~packages ~local_libs:[ "mirage_pages" ] "Unikernel.Main" (block @-> block @-> stackv4v6 @-> job)

let () =
  register "mirage-pages"
    [
      unikernel
      $ block_of_file "identity"
      $ block_of_file "site"
      $ generic_stackv4v6 default_network;
    ]
