val suites : unit Alcotest.test list
