/** Host names go into SNI; IP addresses must not (RFC 6066, and ocaml-tls aborts on them). */
export function serverName(host: string): { readonly servername: string } {
  return { servername: /^[0-9.]+$|:/.test(host) ? "" : host };
}
