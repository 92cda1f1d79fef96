import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../kit/package.ts";

/** AWS's own words, which stand in no source of ours that is shipped. */
const others = ["is not authorized to perform"];

test("every text that docs/troubleshooting.md quotes stands in the source", async () => {
  const text = await readFile(join(root, "docs/troubleshooting.md"), "utf8");
  const quoted = [...text.matchAll(/^ *> (.+)$/gm)].map(([, quote = ""]) => quote);
  assert.ok(quoted.length > 12, `${quoted.length} texts`);
  const sources = await Promise.all(
    ["lib", "functions", "cli", "stack"].map(async (folder) => {
      const names = await readdir(join(root, folder), { recursive: true });
      const code = names.filter((name) => /\.(ts|mjs|cjs)$/.test(name) && !name.includes(".d."));
      return Promise.all(code.map((name) => readFile(join(root, folder, name), "utf8")));
    }),
  );
  const source = sources.flat().join("\n").toLowerCase();
  assert.deepEqual(
    quoted.filter((quote) => !others.includes(quote) && !source.includes(quote.toLowerCase())),
    [],
  );
});
