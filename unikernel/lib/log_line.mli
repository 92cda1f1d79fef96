(** A request and its response in the Combined Log Format of Apache and nginx. *)

val truncated : string -> string
(** An IPv4 address without its last 8 bits ([192.0.2.0]), an IPv6 address by its first 48 ([2001:db8:1::]). *)

val format : address:string -> time:int -> http_2:bool -> Request.t option -> Response.t -> string
(** One line with its line feed; the time is in seconds since 1970. Without a request: one that could not be
    understood. The size is that of the response's body, taken or not. What a client chose is escaped as Apache
    does it ([\xhh]), its target cut after 2,048 bytes, its Referer after 1,024, its User-Agent after 512. *)
