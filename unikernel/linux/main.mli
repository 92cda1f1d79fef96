(** The program [mirage-pages-linux]: see its [--help]. *)
