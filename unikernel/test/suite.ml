let () = Alcotest.run "mirage_pages" (Test_archive.suites @ Test_http.suites @ Test_respond.suites)
