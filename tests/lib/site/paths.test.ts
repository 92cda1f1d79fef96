import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePath, urlPaths } from "../../../lib/site/paths.ts";

test("a plain file answers at its own path", () => {
  assert.deepEqual(urlPaths("a b/ü.css"), [{ kind: "=", path: "/a b/ü.css", status: 200 }]);
});

test("the top index.html answers for / and redirects nothing", () => {
  assert.deepEqual(urlPaths("index.html"), [
    { kind: "=", path: "/index.html", status: 200 },
    { kind: "=", path: "/", status: 200 },
  ]);
});

test("a folder's index.html answers for the folder and redirects its name", () => {
  assert.deepEqual(urlPaths("größe/50% off?/index.html"), [
    { kind: "=", path: "/größe/50% off?/index.html", status: 200 },
    { kind: "=", path: "/größe/50% off?/", status: 200 },
    { kind: "=", path: "/größe/50% off?", status: 301, location: "/gr%C3%B6%C3%9Fe/50%25%20off%3F/" },
  ]);
});

test("404.html answers for what is missing below its folder", () => {
  assert.deepEqual(urlPaths("docs/404.html"), [
    { kind: "=", path: "/docs/404.html", status: 200 },
    { kind: "!", path: "/docs/", status: 404 },
  ]);
  assert.deepEqual(urlPaths("404.html").at(1), { kind: "!", path: "/", status: 404 });
});

test("names that only look like them are plain files", () => {
  for (const key of ["myindex.html", "index.htm", "INDEX.HTML", "x404.html", "index.html.gz"]) {
    assert.equal(urlPaths(key).length, 1, key);
  }
});

test("an encoded path is one that a URL keeps as it is", () => {
  const encoded = encodePath("/a b/#?&=+;,'()é\u{1f600}/");
  assert.equal(new URL(encoded, "https://site.example").pathname, encoded);
});
