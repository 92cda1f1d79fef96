import { ask, type Case, tagOf } from "./case.ts";
import { files } from "./site.ts";

const date = "Sun, 06 Nov 1994 08:49:37 GMT";
const earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
const later = "Mon, 07 Nov 1994 08:49:37 GMT";
const tag = tagOf("/digits.txt");
const other = '"0123456789abcdef0123456789abcdef"';

const digits = (status: number, send: Record<string, string>, more: Parameters<typeof ask>[2] = {}) =>
  ask("/digits.txt", status, { send, ...more });

const methods: Case[] = [
  ask("/", 200, {
    method: "HEAD",
    body: Buffer.alloc(0),
    want: { "content-type": "text/html; charset=utf-8" },
  }),
  ask("/digits.txt", 200, {
    method: "HEAD",
    body: Buffer.alloc(0),
    want: { "content-length": "10", etag: tag },
  }),
  ask("/about.html", 301, { method: "HEAD", want: { location: "/about" } }),
  ask("/", 204, { method: "OPTIONS", want: { allow: "GET, HEAD, OPTIONS" } }),
  ask("/data.json", 204, { method: "OPTIONS", want: { allow: /GET/, "access-control-allow-origin": "*" } }),
  ...["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "BREW"].map((method) =>
    ask("/", 405, { method, want: { allow: "GET, HEAD, OPTIONS" } }),
  ),
  ask("/missing", 405, { method: "POST", want: { allow: "GET, HEAD, OPTIONS" } }),
  ask("/digits.txt", 413, { send: { "content-length": "3" } }),
  ask("/digits.txt", 413, { send: { "transfer-encoding": "chunked" } }),
  ask("/digits.txt", 200, { send: { expect: "100-continue" }, body: "digits.txt" }),
  ask("/digits.txt", 417, { send: { expect: "tea" } }),
  ask("/digits.txt", 400, { send: { "content-length": "3", "transfer-encoding": "chunked" } }),
  ask("/digits.txt", 400, { send: { "content-length": "-1" } }),
  ask("/digits.txt", 400, { send: { "content-length": "3, 4" } }),
  ask("/digits.txt", 431, { send: { "x-large": "x".repeat(20_000) } }),
  ask(`/${"a".repeat(9_000)}`, 414),
  ask("/a\u007fb", 400),
  ask("/digits.txt", 400, { send: { "bad name": "x" } }),
  ask("/digits.txt", 400, { method: "GE(T" }),
];

/** RFC 9110, 13.2.2. */
const conditions: Case[] = [
  digits(200, {}, { want: { etag: tag, "last-modified": date, "accept-ranges": "bytes" } }),
  digits(
    304,
    { "if-none-match": tag },
    { want: { etag: tag, "content-length": null }, body: Buffer.alloc(0) },
  ),
  digits(304, { "if-none-match": `W/${tag}` }),
  digits(304, { "if-none-match": `${other}, ${tag}` }),
  digits(304, { "if-none-match": `${other},W/${tag}` }),
  digits(304, { "if-none-match": "*" }),
  digits(200, { "if-none-match": other }),
  digits(200, { "if-none-match": "0123456789abcdef" }),
  digits(304, { "if-modified-since": date }),
  digits(304, { "if-modified-since": later }),
  digits(200, { "if-modified-since": earlier }),
  digits(304, { "if-modified-since": "Sunday, 06-Nov-94 08:49:37 GMT" }),
  digits(304, { "if-modified-since": "Sun Nov  6 08:49:37 1994" }),
  digits(200, { "if-modified-since": "not a date" }),
  digits(200, { "if-none-match": other, "if-modified-since": later }),
  digits(304, { "if-none-match": tag, "if-modified-since": earlier }),
  digits(200, { "if-match": tag }),
  digits(200, { "if-match": "*" }),
  digits(200, { "if-match": `${other}, ${tag}` }),
  digits(412, { "if-match": other }),
  digits(412, { "if-match": `W/${tag}` }),
  digits(200, { "if-unmodified-since": date }),
  digits(412, { "if-unmodified-since": earlier }),
  digits(200, { "if-match": tag, "if-unmodified-since": earlier }),
  digits(412, { "if-match": other, "if-none-match": tag }),
  digits(304, { "if-match": tag, "if-none-match": tag }),
  digits(304, { "if-none-match": tag, range: "bytes=0-1" }),
  digits(304, { "if-none-match": tag }, { method: "HEAD" }),
  ask("/missing", 404, { send: { "if-none-match": "*" } }),
  ask("/about.html", 301, { send: { "if-none-match": "*" } }),
];

const part = (range: string, text: string, from: number) =>
  digits(
    206,
    { range },
    {
      body: Buffer.from(text),
      want: {
        "content-range": `bytes ${from}-${from + text.length - 1}/10`,
        "content-length": String(text.length),
        "content-type": "text/plain; charset=utf-8",
        etag: tag,
      },
    },
  );

const whole = (send: Record<string, string>) =>
  digits(200, send, { body: "digits.txt", want: { "content-range": null } });

const ranges: Case[] = [
  part("bytes=0-0", "0", 0),
  part("bytes=0-4", "01234", 0),
  part("bytes=5-", "56789", 5),
  part("bytes=-3", "789", 7),
  part("bytes=9-", "9", 9),
  part("bytes=0-", "0123456789", 0),
  part("bytes=-10", "0123456789", 0),
  part("bytes=-99", "0123456789", 0),
  part("bytes=3-99", "3456789", 3),
  part("bytes=2-2,", "2", 2),
  digits(416, { range: "bytes=10-" }, { want: { "content-range": "bytes */10" } }),
  digits(416, { range: "bytes=10-12" }, { want: { "content-range": "bytes */10" } }),
  digits(416, { range: "bytes=-0" }, { want: { "content-range": "bytes */10" } }),
  digits(416, { range: "bytes=20-30,40-" }, { want: { "content-range": "bytes */10" } }),
  whole({ range: "bytes=5-4" }),
  whole({ range: "bytes=" }),
  whole({ range: "bytes=x-y" }),
  whole({ range: "bytes=1" }),
  whole({ range: "lines=0-1" }),
  whole({ range: "0-1" }),
  whole({ range: `bytes=${"0-0,".repeat(20)}1-1` }),
  whole({ range: "bytes=0-9,0-9" }),
  whole({ range: "bytes=0-1", "if-range": other }),
  whole({ range: "bytes=0-1", "if-range": `W/${tag}` }),
  whole({ range: "bytes=0-1", "if-range": earlier }),
  whole({ range: "bytes=0-1", "if-range": later }),
  whole({ range: "bytes=0-1", "if-range": "nonsense" }),
  digits(206, { range: "bytes=0-1", "if-range": tag }, { body: Buffer.from("01") }),
  digits(206, { range: "bytes=0-1", "if-range": date }, { body: Buffer.from("01") }),
  digits(
    200,
    { range: "bytes=0-1" },
    { method: "HEAD", want: { "content-length": "10", "content-range": null } },
  ),
  digits(
    206,
    { range: "bytes=0-1,5-6" },
    { want: { "content-type": /^multipart\/byteranges; boundary=\S+$/ } },
  ),
  digits(206, { range: "bytes=0-1, -1, 50-" }, { want: { "content-type": /^multipart\/byteranges/ } }),
  ask("/large.bin", 206, {
    send: { range: "bytes=500000-500099" },
    body: Buffer.from(files["large.bin"] ?? "").subarray(500_000, 500_100),
    want: { "content-range": "bytes 500000-500099/1000000" },
  }),
  ask("/large.bin", 206, {
    send: { range: "bytes=-1000" },
    body: Buffer.from(files["large.bin"] ?? "").subarray(-1000),
  }),
  ask("/empty.txt", 200, { send: { range: "bytes=0-" }, body: "empty.txt" }),
  ask("/missing", 404, { send: { range: "bytes=0-1" } }),
  ask("/about.html", 301, { send: { range: "bytes=0-1" } }),
];

/** Accept-Encoding and the coding that must be chosen. */
const codings: Record<string, string | null> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  GZIP: "gzip",
  br: "br",
  zstd: "zstd",
  "gzip, deflate": "gzip",
  "gzip, deflate, br": "br",
  "gzip, deflate, br, zstd": "br",
  "br;q=0.5, gzip;q=1.0": "gzip",
  "br; q=0.5 , gzip ; q=0.4": "br",
  "gzip;q=0.001": "gzip",
  "gzip;q=0": null,
  "br;q=0, gzip": "gzip",
  "br;q=0, zstd;q=0, *": "gzip",
  "*": "br",
  "*;q=0": null,
  "*;q=0, gzip;q=1": "gzip",
  identity: null,
  "identity, gzip;q=0.5": null,
  "identity;q=0.5, gzip;q=1": "gzip",
  "identity;q=0, gzip": "gzip",
  deflate: null,
  compress: null,
  "gzip;q=2": null,
  "gzip;q=x": null,
  gzipped: null,
};

const negotiation: Case[] = [
  ...Object.entries(codings).map(([value, coding]) =>
    ask("/about", 200, {
      send: { "accept-encoding": value },
      body: "about.html",
      want: {
        "content-encoding": coding,
        vary: /accept-encoding/i,
        etag: coding === null ? tagOf("/about") : /^"[^"]+"$/,
      },
    }),
  ),
  ask("/style.css", 200, {
    send: { "accept-encoding": "br" },
    body: "style.css",
    want: { "content-encoding": "br" },
  }),
  ask("/app.0123abcd.js", 200, {
    send: { "accept-encoding": "gzip" },
    body: "app.0123abcd.js",
    want: { "content-encoding": "gzip" },
  }),
  ask("/digits.txt", 200, {
    send: { "accept-encoding": "br" },
    want: { "content-encoding": null, vary: null },
  }),
  ask("/photo.png", 200, {
    send: { "accept-encoding": "br" },
    want: { "content-encoding": null, vary: null },
  }),
  ask("/about", 200, { send: { "if-none-match": tagOf("/about"), "accept-encoding": "gzip" } }),
  ask("/about", 304, { send: { "if-none-match": tagOf("/about") }, want: { vary: /accept-encoding/i } }),
  ask("/about", 206, {
    send: { "accept-encoding": "gzip", range: "bytes=0-1" },
    want: { "content-encoding": "gzip", "content-range": /^bytes 0-1\/\d+$/ },
  }),
  ask("/about", 200, {
    ...{ method: "HEAD", send: { "accept-encoding": "gzip" } },
    want: { "content-encoding": "gzip" },
  }),
];

const policies: Case[] = [
  ask("/about", 200, {
    want: {
      "cache-control": "public, max-age=0, must-revalidate",
      "x-content-type-options": "nosniff",
      "referrer-policy": "strict-origin-when-cross-origin",
      "strict-transport-security": "max-age=63072000",
      server: null,
    },
  }),
  ask("/app.0123abcd.js", 200, { want: { "cache-control": "public, max-age=31536000, immutable" } }),
  ask("/kept.txt", 200, { want: { "cache-control": "public, max-age=3600" } }),
  ask("/missing", 404, {
    want: { "x-content-type-options": "nosniff", "strict-transport-security": /max-age/ },
  }),
  ask("/about.html", 301, { want: { "strict-transport-security": /max-age/, "cache-control": /max-age=0/ } }),
  ask("/about", 200, {
    want: { date: /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/ },
    send: { host: "Example.Org:443" },
  }),
  ask("/about", 200, { send: { host: "example.org." } }),
  ask("/about?x", 301, {
    send: { host: "www.example.org" },
    want: { location: "https://example.org/about?x" },
  }),
  ask("/about.html", 301, {
    send: { host: "www.example.org" },
    want: { location: "https://example.org/about" },
  }),
  ask("/missing", 301, {
    send: { host: "www.example.org" },
    want: { location: "https://example.org/missing" },
  }),
  ask("/home", 301, { send: { host: "www.example.org" }, want: { location: "https://example.org/" } }),
  ask("/", 421, { send: { host: "other.example" } }),
  ask("/", 421, { send: { host: "127.0.0.1" } }),
  ask("/", 400, { send: { host: "a b" } }),
  ask("/", 400, { send: { host: "example.org/x" } }),
  ask("/", 400, { send: { host: "example.org:https" } }),
  ask("http://example.org/digits.txt", 200, { body: "digits.txt" }),
  ask("https://EXAMPLE.org/digits.txt?x", 200, { body: "digits.txt" }),
  ask("https://www.example.org/about?x", 301, { want: { location: "https://example.org/about?x" } }),
  ask("*", 400),
  ask("*", 204, { method: "OPTIONS", want: { allow: "GET, HEAD, OPTIONS" } }),
  ask("/.well-known/mirage-pages", 200, {
    want: { "content-type": "application/json", "cache-control": "no-store" },
  }),
  ask("/.well-known/mirage-pages", 200, { send: { host: "other.example" } }),
  ask("/", 301, {
    plain: true,
    want: { location: "https://example.org/", "strict-transport-security": null },
  }),
  ask("/about.html?x=1&y", 301, { plain: true, want: { location: "https://example.org/about.html?x=1&y" } }),
  ask("/a%20b//c", 301, { plain: true, want: { location: "https://example.org/a%20b//c" } }),
  ask("/x", 301, {
    plain: true,
    send: { host: "www.example.org" },
    want: { location: "https://example.org/x" },
  }),
  ask("/x", 301, {
    plain: true,
    send: { host: "www.example.org:80" },
    want: { location: "https://example.org/x" },
  }),
  ask("/x", 301, {
    plain: true,
    send: { host: "other.example" },
    want: { location: "https://other.example/x" },
  }),
  ask("/x", 308, { plain: true, method: "POST", want: { location: "https://example.org/x" } }),
  ask("/", 400, { plain: true, send: { host: "a b" } }),
];

export const requestCases: readonly Case[] = [
  ...methods,
  ...conditions,
  ...ranges,
  ...negotiation,
  ...policies,
];
