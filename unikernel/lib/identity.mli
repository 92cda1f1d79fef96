(** What makes this machine the one it is: release, archive, names, certificate and key (partition 2
    of the disk). *)

type access_log = {
  truncated : bool;  (** addresses are logged without their last part *)
  secret : string;  (** who knows it may read the log: 64 lower-case hex digits *)
}

type t = {
  release : int;
  archive : string;  (** SHA-256 of the site archive, 64 lower-case hex digits *)
  archive_size : int;  (** in bytes *)
  names : string list;  (** hosts served, in lower case; none given: every host *)
  hsts : string option;  (** value of Strict-Transport-Security *)
  challenge : string option;  (** URL, without a slash at its end, that answers ACME's HTTP-01 challenges *)
  access_log : access_log option;  (** [None]: who visits is not noted *)
  chain : string;  (** PEM, leaf first *)
  key : string;  (** PEM, PKCS#8 *)
}

val max_size : int
(** The most bytes that an identity archive may have; a reader reads no more of the partition. *)

val parse : string -> (t, string) result
(** Parses the identity archive; zero bytes may follow it. *)
