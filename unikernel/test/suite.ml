let () =
  Alcotest.run "mirage_pages"
    (Test_archive.suites @ Test_connections.suites @ Test_fuzz.suites @ Test_half_open.suites @ Test_http.suites
   @ Test_http2.suites @ Test_http2_frames.suites @ Test_lease.suites @ Test_respond.suites @ Test_validity.suites
   @ Test_visitors.suites @ Test_waiting_frames.suites)
