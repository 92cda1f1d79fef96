import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { serverlessPackage } from "../../../cli/start/packaging.ts";
import { scratch } from "../../lib/scratch.ts";

/** Stands for serverless: leaves a folder in the temporary one, and tells where, with what it was called. */
const SERVERLESS = `#!/bin/sh
mkdir "$TMPDIR/adopt-listing-1-2-3"
echo "$TMPDIR" > "$3/temporary"
echo "$@" > "$3/arguments"
test "$4" != --param=keep=0 || { echo "keep is 0"; exit 1; }
`;

test("packaging leaves nothing in the temporary directory, whether it succeeds or not", async (t) => {
  const root = await scratch(t);
  await mkdir(join(root, "node_modules/.bin"), { recursive: true });
  await writeFile(join(root, "node_modules/.bin/serverless"), SERVERLESS, { mode: 0o755 });
  const target = join(root, "deep/package");
  const left = async () => {
    const temporary = (await readFile(join(target, "temporary"), "utf8")).trim();
    assert.ok(temporary.startsWith(join(tmpdir(), "mp-packaging-")), temporary);
    return existsSync(temporary);
  };
  serverlessPackage(root, target, ["--param=keep=3"]);
  assert.equal(
    await readFile(join(target, "arguments"), "utf8"),
    `package --package ${target} --param=keep=3\n`,
  );
  assert.equal(await left(), false);
  assert.throws(() => serverlessPackage(root, target, ["--param=keep=0"]), {
    name: "CannotStart",
    message: /the stack cannot be packaged:\nkeep is 0/,
  });
  assert.equal(await left(), false);
});
