import assert from "node:assert/strict";
import { test } from "node:test";
import { isFingerprinted } from "../../../lib/site/caching.ts";

const fingerprinted = [
  "app.0123abcd.js",
  "css/main.8f3a2b1c9d0e4f5a6b7c.css",
  "main.min.2f1e0d9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a2f1e.css",
  "assets/index-BsX7a9Qd.js",
  "assets/index-BsX7a9Qd.js.map",
  "chunk_0a1b2c3d.mjs",
  "_astro/hoisted.js",
  "site/_next/static/chunks/main.js",
];
const plain = [
  "index.html",
  "page-0123abcd.html",
  "report-20240101.pdf",
  "photo-12345678.jpg",
  "my-document.pdf",
  "deadbeef.png",
  "a-deadbeef.png",
  "jquery.min.js",
  "font-awesome.css",
  "app.js",
  "version-1.2.3.js",
  "README-markdown.md",
];

test("a digest in the name tells that the file never changes", () => {
  for (const key of fingerprinted) assert.equal(isFingerprinted(key), true, key);
});

test("a word, a number or a date is no digest, and pages keep their names", () => {
  for (const key of plain) assert.equal(isFingerprinted(key), false, key);
});
