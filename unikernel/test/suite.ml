let () = Alcotest.run "mirage_pages" []
