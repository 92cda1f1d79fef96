import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readIndex } from "../../lib/archive/reader.ts";
import { otherNames } from "../../lib/site/html-handling.ts";
import { checkListing } from "../../lib/site/listing.ts";
import { missing, object, pack, run, scratch } from "../lib/scratch.ts";

const source = fileURLToPath(new URL("../../examples/jekyll", import.meta.url));

async function build(destination: string, zone: string): Promise<Map<string, Buffer>> {
  const flags = ["--source", source, "--destination", destination, "--disable-disk-cache", "--quiet"];
  await run("env", `TZ=${zone}`, "jekyll", "build", ...flags);
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(destination, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(destination, path), await readFile(path));
  }
  return files;
}

test("the example builds to the same bytes each time, and can be deployed", async (t) => {
  const reason = await missing("jekyll", "jekyll");
  if (reason !== false) return t.skip(reason);
  const directory = await scratch(t);
  const files = await build(join(directory, "a"), "Asia/Tokyo");
  assert.deepEqual(await build(join(directory, "b"), "America/Lima"), files);

  const listing = [...files].map(([key, { length }]) => ({
    key,
    size: length,
    etag: '""',
    lastModified: new Date(0),
  }));
  const { objects } = checkListing(listing);
  const site = await pack(
    t,
    objects.map(({ key }) => object(key, files.get(key) ?? "")),
  );
  const { entries, fallbacks } = await readIndex(site);
  const answers = new Map(entries.map(({ path, status }) => [path, status]));
  assert.equal(answers.get("/"), 200);
  assert.equal(answers.get("/docs/disk/"), 200);
  assert.equal(answers.get("/download/grüße.txt"), 200);
  assert.equal(answers.get("/download/empty.txt"), 200);
  assert.deepEqual(
    fallbacks.map(({ path, status }) => `${path} ${status}`),
    ["/ 404", "/docs/ 404"],
  );

  // Every link of every page leads somewhere, save the two that are meant not to and the one that the machine answers.
  const dead = new Set<string>();
  for (const [key, content] of files) {
    if (!key.endsWith(".html")) continue;
    for (const [, target = ""] of String(content).matchAll(/(?:href|src)="(\/[^"#]*)"/g)) {
      const path = decodeURIComponent(target);
      const names = [path, ...otherNames(path, "keep-names")];
      if (!names.some((name) => answers.has(name))) dead.add(target);
    }
  }
  assert.deepEqual([...dead].sort(), ["/.well-known/mirage-pages", "/docs/missing", "/this-page-is-missing"]);
});
