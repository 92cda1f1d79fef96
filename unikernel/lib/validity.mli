(** Nothing disciplines the machine's clock: what is wrong with it shows by the certificate that it serves. *)

val warning : now:int -> from:int -> until:int -> string option
(** What to say on the console when the certificate is not valid now. All are seconds since 1970, [from] and
    [until] the certificate's first and last. *)
