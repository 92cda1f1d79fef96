import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { isRefusal } from "../../lib/site/errors.ts";
import { checkListing } from "../../lib/site/listing.ts";
import { ruleFiles } from "../../lib/site/site-rules.ts";
import { keys, policyText, ruleText } from "../lib/fuzz/words.ts";
import { build } from "./built.ts";
import { packFixture } from "./fixtures.ts";
import { ask, startServer } from "./server.ts";

/** What the packer makes of anything, the server takes: a site that it refused would be a machine that never answers. */
let directory: string;
let program: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "unikernel-any-"));
  program = (await build()).server;
});

after(() => rm(directory, { recursive: true, force: true }));

test("the server starts on whatever is packed, and answers", { timeout: 180_000 }, async () => {
  let served = 0;
  const sites = fc.tuple(fc.array(keys, { maxLength: 10 }), policyText, ruleText, ruleText);
  await fc.assert(
    fc.asyncProperty(sites, async ([names, ...texts]) => {
      const rules = ruleFiles.map((name, i) => [name, texts[i] ?? ""] as const);
      const usable = names.filter((key) => isUsable(key));
      const files = Object.fromEntries([
        ["index.html", "<h1>x</h1>"],
        ...usable.map((key) => [key, key] as const),
      ]);
      const attempt = packFixture({ directory, files: { ...files, ...Object.fromEntries(rules) } });
      const fixture = await attempt.catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        return packFixture({ directory, files: { ...files, ...Object.fromEntries(rules.slice(1)) } });
      });
      const server = await startServer(program, fixture);
      try {
        const { status, headers } = await ask(server.https, "/", { trust: fixture.certificate });
        assert.ok(status >= 200 && status < 600, `${status}`);
        assert.ok(headers.date);
        served += 1;
      } finally {
        await server.stop();
      }
    }),
    { numRuns: 25, seed: 20261123 },
  );
  assert.ok(served >= 25, `${served} were served`);
});

/** A key that no check refuses beside an index.html. */
function isUsable(key: string): boolean {
  const listed = ["index.html", key].map((name) => ({
    key: name,
    size: 1,
    etag: "",
    lastModified: "2026-11-23",
  }));
  try {
    checkListing(listed);
    return !ruleFiles.includes(key);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return false;
  }
}
