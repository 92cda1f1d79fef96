let from_environment name default = Option.value (Option.bind (Sys.getenv_opt name) int_of_string_opt) ~default

let each rounds check () =
  let first = from_environment "FUZZ_SEED" 20261123 in
  for seed = first to first + (rounds * from_environment "FUZZ_ROUNDS" 1) - 1 do
    try check (Random.State.make [| seed |])
    with error -> Alcotest.failf "FUZZ_SEED=%d: %s" seed (Printexc.to_string error)
  done

let below random n = if n = 0 then 0 else Random.State.int random n
let pick random list = List.nth list (below random (List.length list))
let bytes random most = String.init (below random (most + 1)) (fun _ -> Char.chr (below random 256))

let numbers =
  [ "0"; "-1"; "1"; "511"; "512"; "513"; "65536"; "2147483648"; "4611686018427387903"; "4611686018427387904";
    "9223372036854775807"; "99999999999999999999"; "0x10"; "1e9"; "007"; "+5"; "" ]

let splice text ~at ~removed inserted =
  String.concat "" [ String.sub text 0 at; inserted; String.sub text (at + removed) (String.length text - at - removed) ]

(* From the digit at or after [at] to the last one beside it. *)
let number_at text at =
  let digit i = i < String.length text && text.[i] >= '0' && text.[i] <= '9' in
  let rec start i = if i >= String.length text then None else if digit i then Some i else start (i + 1) in
  let rec stop i = if digit i then stop (i + 1) else i in
  Option.map (fun first -> (first, stop first - first)) (start at)

let once random ~words text =
  let length = String.length text in
  let at = below random (length + 1) in
  let piece = below random (min 80 (length - at + 1)) in
  match below random 9 with
  | 0 | 1 when at < length -> splice text ~at ~removed:1 (String.make 1 (Char.chr (below random 256)))
  | 2 -> splice text ~at ~removed:0 (pick random words)
  | 3 -> splice text ~at ~removed:piece (pick random words)
  | 4 -> splice text ~at ~removed:piece ""
  | 5 -> splice text ~at ~removed:0 (String.sub text at piece)
  | 6 -> splice text ~at:(below random (length + 1)) ~removed:0 (String.sub text at piece)
  | 7 -> (
      match number_at text at with
      | Some (at, removed) -> splice text ~at ~removed (pick random numbers)
      | None -> text ^ bytes random 20)
  | _ -> if below random 4 = 0 then String.sub text 0 at else splice text ~at ~removed:0 (bytes random 8)

let text random ~words text =
  let rec go n text = if n = 0 then text else go (n - 1) (once random ~words text) in
  go (1 + below random 5) text
