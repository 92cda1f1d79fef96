import assert from "node:assert/strict";
import { test } from "node:test";
import { contentType } from "../../../lib/site/media-type.ts";

const types: Record<string, string> = {
  "index.html": "text/html; charset=utf-8",
  "PAGE.HTML": "text/html; charset=utf-8",
  "a.b/style.css": "text/css; charset=utf-8",
  "app.js": "text/javascript; charset=utf-8",
  "app.mjs": "text/javascript; charset=utf-8",
  "app.js.map": "application/json; charset=utf-8",
  "data.json": "application/json; charset=utf-8",
  "data.jsonld": "application/ld+json; charset=utf-8",
  "feed.xml": "application/xml; charset=utf-8",
  "feed.atom": "application/atom+xml; charset=utf-8",
  "feed.rss": "application/rss+xml; charset=utf-8",
  "events.ics": "text/calendar; charset=utf-8",
  "site.webmanifest": "application/manifest+json; charset=utf-8",
  "logo.svg": "image/svg+xml; charset=utf-8",
  "robots.txt": "text/plain; charset=utf-8",
  "photo.avif": "image/avif",
  "photo.webp": "image/webp",
  "photo.JPG": "image/jpeg",
  "favicon.ico": "image/x-icon",
  "font.woff2": "font/woff2",
  "module.wasm": "application/wasm",
  "paper.pdf": "application/pdf",
  "clip.mp4": "video/mp4",
  "a.tar.gz": "application/gzip",
  ".well-known/apple-app-site-association": "application/json; charset=utf-8",
  html: "application/octet-stream",
  "docs.html/README": "application/octet-stream",
  ".htaccess": "application/octet-stream",
  "file.": "application/octet-stream",
  "file.constructor": "application/octet-stream",
  constructor: "application/octet-stream",
};

for (const [key, type] of Object.entries(types)) {
  test(`${key} is ${type}`, () => assert.equal(contentType(key), type));
}
