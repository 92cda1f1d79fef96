(** A block device or file, read on demand. *)

type t

val open_ : string -> t Lwt.t
(** Opens for reading. Fails with [Unix.Unix_error]. *)

val size : t -> int
(** In bytes. *)

val read : t -> Lwt_bytes.t -> at:int -> length:int -> offset:int -> unit Lwt.t
(** Fills [length] bytes of the buffer from [at] with the device's bytes from [offset]: at once when
    they are in the page cache, else in a thread. Fails with [End_of_file] beyond the device's end. *)

val read_string : t -> offset:int -> length:int -> string Lwt.t

val read_through : t -> size:int -> unit Lwt.t
(** Reads the first [size] bytes once and drops them, slowly: after every piece it rests at least as
    long as the piece took. The blocks of a volume made from an EBS snapshot are fetched when first
    read, so this spares the visitors that wait. The kernel's page cache guards pages in use against
    such one-time reads. *)

val random_ready : unit -> bool
(** Whether the kernel gives random numbers that are fit for keys. *)
