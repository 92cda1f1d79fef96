/** The site that the cases are asked of: a file of each kind, and names that are hard to carry in a URL. */

const words = "the quick brown fox jumps over the lazy dog and then sits down for a while ";

/** Text that compresses well, `times` lines long. */
const prose = (title: string, times = 40) =>
  `<!doctype html><title>${title}</title>\n${`<p>${words}</p>\n`.repeat(times)}`;

/** A megabyte whose every byte tells where it stands. */
const large = Buffer.alloc(1_000_000);
for (let i = 0; i < large.length; i += 1) large[i] = (i * 7 + (i >> 8)) & 0xff;

export const files: Readonly<Record<string, string | Buffer>> = {
  "index.html": prose("Front"),
  "about.html": prose("About"),
  "404.html": "<!doctype html><title>Nothing here</title>\n",
  "docs/index.html": prose("Docs"),
  "docs/guide.html": "<!doctype html><title>Guide</title>\n",
  "docs/404.html": "<!doctype html><title>No such page of the docs</title>\n",
  "docs/v1.2/notes.html": "<!doctype html><title>Notes</title>\n",
  "style.css": `body { color: black }\n${"p { margin: 1em }\n".repeat(100)}`,
  "app.0123abcd.js": `${"console.log('hello');\n".repeat(100)}`,
  "script.mjs": "export {};\n",
  "data.json": "{}\n",
  "data.geojson": "{}\n",
  "feed.atom": "<feed/>\n",
  "feed.rss": "<rss/>\n",
  "feed.xml": "<feed/>\n",
  "events.ics": "BEGIN:VCALENDAR\n",
  "module.wasm": Buffer.from("0061736d01000000", "hex"),
  "site.webmanifest": "{}\n",
  "logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
  "photo.avif": Buffer.from("avif"),
  "photo.webp": Buffer.from("webp"),
  "photo.jpg": Buffer.from("jpg"),
  "photo.png": Buffer.from("png"),
  "anim.gif": Buffer.from("gif"),
  "favicon.ico": Buffer.from("ico"),
  "font.woff2": Buffer.from("woff2"),
  "clip.mp4": Buffer.from("mp4"),
  "song.mp3": Buffer.from("mp3"),
  "paper.pdf": Buffer.from("pdf"),
  "archive.zip": Buffer.from("zip"),
  "archive.tar.gz": Buffer.from("gz"),
  "robots.txt": "User-agent: *\n",
  "notes.md": "# Notes\n",
  "captions.vtt": "WEBVTT\n",
  README: "no extension\n",
  ".hidden": "a dotfile\n",
  ".well-known/security.txt": "Contact: mailto:a@example.org\n",
  ".well-known/assetlinks.json": "[]\n",
  "digits.txt": "0123456789",
  "empty.txt": "",
  "large.bin": large,
  "grüße.txt": "Unicode\n",
  "日本.html": "<!doctype html><title>日本</title>\n",
  "a b.txt": "space\n",
  "a+b.txt": "plus\n",
  "50%.txt": "percent\n",
  "what?.txt": "question\n",
  "no#1.txt": "hash\n",
  "semi;colon,comma.txt": "punctuation\n",
  "quote'(1)!.txt": "quotes\n",
  "tilde~_-.txt": "unreserved\n",
  "amp&eq=.txt": "form\n",
  "Case.txt": "upper\n",
  "blog/post.html": "<!doctype html><title>Post</title>\n",
  "app/index.html": "<!doctype html><title>App</title>\n",
  "static/image.jpg": Buffer.from("static"),
  "kept.txt": "kept for an hour\n",
};

/** Cache-Control that the author gave to objects. */
export const cacheControl: Readonly<Record<string, string>> = { "kept.txt": "public, max-age=3600" };

/** Seconds since 1970: Sun, 06 Nov 1994 08:49:37 GMT. */
export const modified = 784_111_777;

export const rules = {
  _redirects: `
/home            /
/old-blog/*      /blog/:splat   302
/temporary       /about         307
/permanent       /about         308
/elsewhere       https://other.example/x?y=1#z
/with-query      /about?from=here
/with-fragment   /about#part    302
/news/:year/:slug  /blog/:slug?year=:year
/spa/*           /app/index.html 200
/closed/*        /404.html      410
/style.css       /never
/static/*        /forced/:splat 302!
/shop id=:id     /item/:id      302
/lang            /de/           302 Language=de
/lang            /en/           302
/beta            /about         200 Cookie=beta
/grüße/*         /wünsche/:splat
`,
  _headers: `
/docs/*
  X-Docs: yes
  Cache-Control: public, max-age=60
/docs/guide
  X-Docs: guide
  ! Referrer-Policy
/movies/:title
  X-Movie: :title
/data.json
  Access-Control-Allow-Origin: *
  Content-Type: application/vnd.own+json
`,
  "mirage-pages.toml": '[pages]\nhtml-handling = "auto-trailing-slash"\n',
};
