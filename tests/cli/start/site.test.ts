import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { buildExampleSite } from "../../../cli/start/site.ts";
import { root } from "../../kit/package.ts";
import { missing, scratch } from "../../lib/scratch.ts";

test("the example site is built where no locale is set, with names that are not ASCII", async (t) => {
  const reason = await missing("jekyll", "jekyll");
  if (reason !== false) return t.skip(reason);
  const before = process.env.LC_ALL;
  process.env.LC_ALL = "C";
  t.after(() => {
    if (before === undefined) delete process.env.LC_ALL;
    else process.env.LC_ALL = before;
  });
  const site = await buildExampleSite(root, await scratch(t));
  assert.ok((await readdir(join(site, "download"))).includes("grüße.txt"));
});
