open Mirage_pages

let from = 1_700_000_000
let until = 1_707_776_000
let warning now = Validity.warning ~now ~from ~until
let text = Alcotest.(option string)

let in_time () =
  List.iter (fun now -> Alcotest.check text "valid" None (warning now)) [ from; from + 1; until - 1; until ]

let wrong_clock () =
  Alcotest.check text "a second too early"
    (Some
       "the certificate is valid only from Tue, 14 Nov 2023 22:13:20 GMT, by this machine's clock, which says \
        Tue, 14 Nov 2023 22:13:19 GMT")
    (warning (from - 1));
  Alcotest.check text "a second too late"
    (Some
       "the certificate is no longer valid since Mon, 12 Feb 2024 22:13:20 GMT, by this machine's clock, which \
        says Mon, 12 Feb 2024 22:13:21 GMT")
    (warning (until + 1));
  (* What a clock says that was never set. *)
  Alcotest.check text "1970"
    (Some
       "the certificate is valid only from Tue, 14 Nov 2023 22:13:20 GMT, by this machine's clock, which says \
        Thu, 01 Jan 1970 00:00:00 GMT")
    (warning (-5))

let test name f = Alcotest.test_case name `Quick f

let suites =
  [
    ( "validity of the certificate",
      [ test "nothing is said while it is valid" in_time; test "a clock that is wrong is told" wrong_clock ] );
  ]
