import assert from "node:assert/strict";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { extractSite } from "../../../cli/archive/extract.ts";
import { memberHeader, padding, tarEnd } from "../../../lib/archive/tar.ts";
import { bufferSource } from "../../../lib/disk/source.ts";
import { bytesOf, object, pack, pattern, scratch } from "../../lib/scratch.ts";

const refused = { name: "CommandFailed" };

/** A tar that no packer of ours would write. */
function tarOf(...names: string[]) {
  const body = Buffer.from("evil");
  const members = names.map((name) =>
    Buffer.concat([memberHeader(name, body.length), body, Buffer.alloc(padding(body.length))]),
  );
  return bufferSource(Buffer.concat([...members, tarEnd]));
}

test("writes every file as it was packed, and no encoded form", async (t) => {
  const files = {
    "index.html": "home ".repeat(500),
    "ünï/😀.css": "a",
    "empty.txt": "",
    "large.bin": pattern(3_000_001, 1),
  };
  const site = await pack(
    t,
    Object.entries(files).map(([key, content]) => object(key, content)),
  );
  const directory = join(await scratch(t), "new/site");
  assert.deepEqual(await extractSite(site, directory, false), { files: 4, bytes: site.contentBytes });
  for (const [key, content] of Object.entries(files)) {
    assert.ok((await readFile(join(directory, key))).equals(Buffer.from(content)), key);
  }
  assert.deepEqual((await readdir(directory)).sort(), ["empty.txt", "index.html", "large.bin", "ünï"]);
});

test("refuses what is there already, before it writes anything; --force replaces it", async (t) => {
  const site = bufferSource(await bytesOf(await pack(t, [object("a.txt", "new"), object("b.txt", "new")])));
  const directory = await scratch(t);
  await writeFile(join(directory, "b.txt"), "old and longer");
  await assert.rejects(extractSite(site, directory, false), {
    ...refused,
    message: /b\.txt is there already/,
  });
  assert.deepEqual(await readdir(directory), ["b.txt"]);
  await extractSite(site, directory, true);
  assert.equal(await readFile(join(directory, "b.txt"), "utf8"), "new");
});

for (const name of [
  "../evil",
  "a/../../evil",
  "/evil",
  "a//evil",
  "./evil",
  "a\\evil",
  "evil\u0007",
  "evil/",
]) {
  test(`refuses the key ${JSON.stringify(name)}`, async (t) => {
    const directory = join(await scratch(t), "in");
    await assert.rejects(extractSite(tarOf("site/good", `site/${name}`), directory, true), refused);
    await assert.rejects(readdir(directory), { code: "ENOENT" });
  });
}

test("follows no link, neither in the place of a folder nor of a file", async (t) => {
  const directory = await scratch(t);
  const outside = join(directory, "outside");
  const inside = join(directory, "in");
  await mkdir(outside);
  await mkdir(inside);
  await writeFile(join(outside, "kept"), "kept");
  await symlink(outside, join(inside, "folder"));
  await symlink(join(outside, "kept"), join(inside, "file"));
  await assert.rejects(extractSite(tarOf("site/folder/evil"), inside, true), {
    ...refused,
    message: /folder is a link to /,
  });
  await assert.rejects(extractSite(tarOf("site/file"), inside, false), refused);
  await extractSite(tarOf("site/file"), inside, true);
  assert.deepEqual(await readdir(outside), ["kept"]);
  assert.equal(await readFile(join(outside, "kept"), "utf8"), "kept");
});

test("a file where a folder has to be is told", async (t) => {
  const directory = await scratch(t);
  await writeFile(join(directory, "a"), "a file");
  await assert.rejects(extractSite(tarOf("site/a/b"), directory, true), {
    ...refused,
    message: /cannot be written/,
  });
});
