import assert from "node:assert/strict";
import { test } from "node:test";
import { type HtmlHandling, otherNames, servedPaths } from "../../../lib/site/html-handling.ts";

/** What a request for a path gives: the key that answers, or `> ` and where it is sent. */
function ask(keys: readonly string[], handling: HtmlHandling, path: string): string {
  const served = servedPaths(keys, handling);
  const key = served.get(path);
  if (key !== undefined) return key;
  const name = otherNames(path, handling).find((other) => served.get(other)?.endsWith(".html"));
  return name === undefined ? "not found" : `> ${name}`;
}

/** Names that are kept; then the tables of Cloudflare's page "HTML handling", whose targets are given where they really end. */
const documented: Record<HtmlHandling, Record<string, string>> = {
  "keep-names": {
    "/file": "file.html",
    "/file.html": "file.html",
    "/file/": "> /file",
    "/file/index": "> /file",
    "/file/index.html": "> /file",
    "/folder": "> /folder/",
    "/folder.html": "> /folder/",
    "/folder/": "folder/index.html",
    "/folder/index": "> /folder/",
    "/folder/index.html": "folder/index.html",
  },
  "auto-trailing-slash": {
    "/file": "file.html",
    "/file.html": "> /file",
    "/file/": "> /file",
    "/file/index": "> /file",
    "/file/index.html": "> /file",
    "/folder": "> /folder/",
    "/folder.html": "> /folder/",
    "/folder/": "folder/index.html",
    "/folder/index": "> /folder/",
    "/folder/index.html": "> /folder/",
  },
  "force-trailing-slash": {
    "/file": "> /file/",
    "/file.html": "> /file/",
    "/file/": "file.html",
    "/file/index": "> /file/",
    "/file/index.html": "> /file/",
    "/folder": "> /folder/",
    "/folder.html": "> /folder/",
    "/folder/": "folder/index.html",
    "/folder/index": "> /folder/",
    "/folder/index.html": "> /folder/",
  },
  "drop-trailing-slash": {
    "/file": "file.html",
    "/file.html": "> /file",
    "/file/": "> /file",
    "/file/index": "> /file",
    "/file/index.html": "> /file",
    "/folder": "folder/index.html",
    "/folder.html": "> /folder",
    "/folder/": "> /folder",
    "/folder/index": "> /folder",
    "/folder/index.html": "> /folder",
  },
  none: {
    "/file": "not found",
    "/file.html": "file.html",
    "/file/": "not found",
    "/file/index": "not found",
    "/file/index.html": "not found",
    "/folder": "not found",
    "/folder.html": "not found",
    "/folder/": "not found",
    "/folder/index": "not found",
    "/folder/index.html": "folder/index.html",
  },
};

for (const [handling, table] of Object.entries(documented)) {
  test(`${handling} answers as documented`, () => {
    for (const [path, expected] of Object.entries(table)) {
      assert.equal(ask(["file.html", "folder/index.html"], handling as HtmlHandling, path), expected, path);
    }
  });
}

test("the top page answers at / and is sent there", () => {
  for (const handling of ["auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash"] as const) {
    assert.equal(ask(["index.html"], handling, "/"), "index.html");
    for (const path of ["/index.html", "/index"]) assert.equal(ask(["index.html"], handling, path), "> /");
  }
});

test("a page and a folder of the same name", () => {
  const keys = ["x.html", "x/index.html"];
  const answers = (handling: HtmlHandling) =>
    ["/x", "/x/", "/x.html", "/x/index.html"].map((path) => ask(keys, handling, path));
  assert.deepEqual(answers("auto-trailing-slash"), ["x.html", "x/index.html", "> /x", "> /x/"]);
  assert.deepEqual(answers("force-trailing-slash"), ["> /x/", "x/index.html", "x.html", "> /x/"]);
  assert.deepEqual(answers("drop-trailing-slash"), ["x.html", "> /x", "> /x", "x/index.html"]);
});

test("a file of just that name goes before a page", () => {
  const keys = ["x", "x.html", "y", "y/index.html", "z.html.html", "z.html"];
  for (const [path, expected] of Object.entries({
    "/x": "x",
    "/x.html": "x.html",
    "/y": "y",
    "/y/": "y/index.html",
    "/z": "z.html",
    "/z.html.html": "z.html.html",
  })) {
    assert.equal(ask(keys, "auto-trailing-slash", path), expected, path);
  }
  assert.equal(ask(keys, "drop-trailing-slash", "/y/index.html"), "y/index.html");
});

test("every key answers at one path, whatever the handling; where names are kept, at its own besides", () => {
  const keys = ["index.html", "a.html", "a/index.html", "a/b.html", "a/b", ".html", "c.txt", "404.html"];
  for (const handling of Object.keys(documented)) {
    const served = servedPaths(keys, handling as HtmlHandling);
    if (handling === "keep-names") {
      for (const key of keys) assert.equal(served.get(`/${key}`), key);
      assert.equal(served.size, keys.length + 4);
    } else assert.deepEqual([...served.values()].sort(), keys.toSorted());
  }
});
