import { ask, type Case } from "./case.ts";
import { files } from "./site.ts";

const encode = (key: string) => `/${key.split("/").map(encodeURIComponent).join("/")}`;

/** Content-Types by what visitors' programs insist on. */
const types: Readonly<Record<string, string>> = {
  "style.css": "text/css; charset=utf-8",
  "app.0123abcd.js": "text/javascript; charset=utf-8",
  "script.mjs": "text/javascript; charset=utf-8",
  "data.geojson": "application/geo+json; charset=utf-8",
  "feed.atom": "application/atom+xml; charset=utf-8",
  "feed.rss": "application/rss+xml; charset=utf-8",
  "feed.xml": "application/xml; charset=utf-8",
  "events.ics": "text/calendar; charset=utf-8",
  "module.wasm": "application/wasm",
  "site.webmanifest": "application/manifest+json; charset=utf-8",
  "logo.svg": "image/svg+xml; charset=utf-8",
  "photo.avif": "image/avif",
  "photo.webp": "image/webp",
  "photo.jpg": "image/jpeg",
  "photo.png": "image/png",
  "anim.gif": "image/gif",
  "favicon.ico": "image/x-icon",
  "font.woff2": "font/woff2",
  "clip.mp4": "video/mp4",
  "song.mp3": "audio/mpeg",
  "paper.pdf": "application/pdf",
  "archive.zip": "application/zip",
  "archive.tar.gz": "application/gzip",
  "robots.txt": "text/plain; charset=utf-8",
  "notes.md": "text/markdown; charset=utf-8",
  "captions.vtt": "text/vtt; charset=utf-8",
  README: "application/octet-stream",
  ".hidden": "application/octet-stream",
  ".well-known/security.txt": "text/plain; charset=utf-8",
  ".well-known/assetlinks.json": "application/json; charset=utf-8",
};

/** Every file at its own name, with its type, its bytes and their number. */
const served = Object.keys(files)
  .filter((key) => !key.endsWith(".html") && !/^(?:static\/|data\.json)/.test(key))
  .map((key) => {
    const type = types[key];
    const length = String(Buffer.byteLength(files[key] ?? ""));
    return ask(encode(key), 200, {
      body: key,
      want: { "content-length": length, ...(type && { "content-type": type }) },
    });
  });

const page = { "content-type": "text/html; charset=utf-8" };

const pages: Case[] = [
  ask("/", 200, { body: "index.html", want: page }),
  ask("/about", 200, { body: "about.html", want: page }),
  ask("/docs/", 200, { body: "docs/index.html", want: page }),
  ask("/docs/guide", 200, { body: "docs/guide.html", want: page }),
  ask("/docs/v1.2/notes", 200, { body: "docs/v1.2/notes.html", want: page }),
  ask(encode("日本"), 200, { body: "日本.html", want: page }),
  ask("/about?utm=x&y", 200, { body: "about.html" }),
  ask("/?q", 200, { body: "index.html" }),
  ...Object.entries({
    "/about.html": "/about",
    "/about/": "/about",
    "/about/index.html": "/about",
    "/about/index": "/about",
    "/about.html?q=1&r": "/about?q=1&r",
    "/docs": "/docs/",
    "/docs?q=1": "/docs/?q=1",
    "/docs.html": "/docs/",
    "/docs/index.html": "/docs/",
    "/docs/index": "/docs/",
    "/index.html": "/",
    "/index": "/",
    "/docs/guide.html": "/docs/guide",
    "/docs/guide/": "/docs/guide",
    [`${encode("日本")}.html`]: encode("日本"),
  }).map(([target, location]) => ask(target, 301, { want: { location } })),
];

/** What is missing gets the nearest 404 page up the tree. */
const missing: Case[] = [
  ask("/missing", 404, { body: "404.html", want: { ...page, "cache-control": /max-age=0/ } }),
  ask("/missing.css", 404, { body: "404.html", want: page }),
  ask("/deep/er/missing/", 404, { body: "404.html" }),
  ask("/docs/missing", 404, { body: "docs/404.html" }),
  ask("/docs/v1.2/missing", 404, { body: "docs/404.html" }),
  ask("/docsx/missing", 404, { body: "404.html" }),
  ask("/robots.txt/", 404, { body: "404.html" }),
  ask("/robots.txt/x", 404, { body: "404.html" }),
  ask("/Robots.txt", 404),
  ask("/case.txt", 404),
  ask("/Case.txt", 200),
  ask("/_redirects", 404),
  ask("/_headers", 404),
  ask("/mirage-pages.toml", 404),
  ask("/.well-known/missing", 404),
  ask("/missing", 404, { method: "HEAD", body: Buffer.alloc(0) }),
];

/** One documented way for what a URL can be written like. */
const spellings: Case[] = [
  ...Object.entries({
    "/%64igits.txt": "digits.txt",
    "/digits%2etxt": "digits.txt",
    "/DIGITS.txt": undefined,
    "/a%20b.txt": "a b.txt",
    "/a+b.txt": "a+b.txt",
    "/a%2bb.txt": "a+b.txt",
    "/a%2Bb.txt": "a+b.txt",
    "/50%25.txt": "50%.txt",
    "/what%3F.txt": "what?.txt",
    "/what?.txt": undefined,
    "/no%231.txt": "no#1.txt",
    "/semi;colon,comma.txt": "semi;colon,comma.txt",
    "/quote'(1)!.txt": "quote'(1)!.txt",
    "/quote%27%281%29%21.txt": "quote'(1)!.txt",
    "/tilde%7E_-.txt": "tilde~_-.txt",
    "/amp&eq=.txt": "amp&eq=.txt",
    "/gr%C3%BC%C3%9Fe.txt": "grüße.txt",
    "/gr%c3%bc%c3%9fe.txt": "grüße.txt",
    "/.well-known%2Fsecurity.txt": ".well-known/security.txt",
    "/gr%FC%DFe.txt": undefined,
    "/a%2520b.txt": undefined,
    "/digits.txt%20": undefined,
    "/%5Cdigits.txt": undefined,
  }).map(([target, key]) =>
    ask(target, key === undefined ? 404 : 200, key === undefined ? {} : { body: key }),
  ),
  ask("/gru%CC%88%C3%9Fe.txt", 301, { want: { location: "/gr%C3%BC%C3%9Fe.txt" } }),
  ...Object.entries({
    "//digits.txt": "/digits.txt",
    "/docs//guide": "/docs/guide",
    "/docs///": "/docs/",
    "/./digits.txt": "/digits.txt",
    "/docs/./guide": "/docs/guide",
    "/docs/../digits.txt": "/digits.txt",
    "/docs/%2e%2e/digits.txt": "/digits.txt",
    "/docs/%2E./digits.txt?q": "/digits.txt?q",
    "/docs/v1.2/..": "/docs/",
    "/docs/.": "/docs/",
    "//": "/",
    "//about?x": "/about?x",
    "//other.example/..": "/",
  }).map(([target, location]) => ask(target, 301, { want: { location } })),
  ask("//other.example", 404),
  ask("//other.example/%2f..", 301, { want: { location: "/" } }),
  ask("/docs//missing", 404, { body: "docs/404.html" }),
  ...[
    "/%",
    "/%2",
    "/%zz",
    "/a%00b",
    "/..",
    "/../digits.txt",
    "/docs/../../digits.txt",
    "/%2e%2e/",
    "/%2E%2E%2Fdigits.txt",
  ].map((target) => ask(target, 400)),
];

export const fileCases: readonly Case[] = [...served, ...pages, ...missing, ...spellings];
