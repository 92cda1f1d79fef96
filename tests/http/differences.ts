/** Cases that nginx, set up with care, answers otherwise, and why. docs/http.md has the same list for people. */
export const differences: readonly { readonly why: string; readonly cases: RegExp }[] = [
  {
    why: "405 comes without Allow, which RFC 9110 asks for; OPTIONS is refused",
    cases: /^(?:POST|PUT|DELETE|PATCH|TRACE|PROPFIND|BREW|OPTIONS) .* → (?:405 \(allow\)|204)/,
  },
  {
    why: "several slashes and dot segments are passed over silently: one page at many URLs",
    cases: /^GET \/(?:\/|\.\/|\/\?|docs\/(?:\/|\.|%2|v1\.2\/\.\.)|old-blog\/%2e)\S* → 301/,
  },
  {
    why: "a page's other names take several redirects or lead nowhere",
    cases: /^GET \/(?:about\/(?:index(?:\.html)?)?|docs\.html|docs\/guide\/) → 301/,
  },
  { why: "another Unicode form of a name is another name", cases: /^GET \/gru%CC/ },
  {
    why: "a splat with letters beyond ASCII matches encoded or not at all",
    cases: /^GET \/gr%C3%BC%C3%9Fe\/x/,
  },
  { why: "what is captured decoded is put into Location as it is", cases: /^GET \/old-blog\/2024\/a%20b/ },
  {
    why: "a redirect's target stands as written: the request's query is lost",
    cases: /^GET \/with-fragment\?/,
  },
  {
    why: "redirects by host and by path come one after the other",
    cases: /(?:about\.html|home) host: www\.example\.org/,
  },
  {
    why: "headers of a folder end where its error page is: add_header is not inherited",
    cases: /^GET \/(?:docs\/missing → 404 \(x-docs|docs\/guide → 200 \(x-docs|movies\/|beta → 404)/,
  },
  {
    why: "compressed files are taken in the order of the modules, whatever the qualities; no zstd, no *, no x-gzip",
    cases:
      /^GET \/about accept-encoding: (?:\* |br;q=0, zstd|br;q=0\.5, gzip;q=1|identity, gzip|x-gzip |zstd )/,
  },
  { why: "no ranges of compressed files", cases: /^GET \/about accept-encoding: gzip range/ },
  {
    why: "a Range that cannot be read is refused, where RFC 9110 has it passed over; empty list items too",
    cases: /range: bytes=(?:1|2-2,|5-4|x-y) →/,
  },
  { why: "ranges are given for HEAD, where RFC 9110 defines them for GET alone", cases: /^HEAD .* range:/ },
  { why: "If-Modified-Since holds for the very date only", cases: /^GET \S+ if-modified-since: Mon, 07/ },
  {
    why: "If-None-Match does not take the place of If-Modified-Since, nor If-Match that of If-Unmodified-Since",
    cases: /<tag of \S+> if-(?:un)?modified-since/,
  },
  {
    why: "a body with GET is read and dropped",
    cases: /^GET \/digits\.txt (?:content-length: 3|transfer-encoding: chunked) → 413/,
  },
  { why: "100 is sent although no body follows, and other expectations are passed over", cases: /expect: / },
  { why: "headers that are too large are told with 400", cases: /x-large: / },
  { why: "a port that is no number is passed over", cases: /host: example\.org:https/ },
  { why: "POST to plain HTTP is redirected with 301, which turns it into GET", cases: /^http POST/ },
  { why: "text/xml, which mime.types has for xml", cases: /^GET \/feed\.xml/ },
  { why: "nginx says its name in Server", cases: /\(cache-control, .* server\)/ },
  { why: "the machine's own page", cases: /\.well-known\/mirage-pages/ },
];
