val suites : (string * unit Alcotest.test_case list) list
