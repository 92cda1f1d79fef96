import assert from "node:assert/strict";
import { mkdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fingerprint, once } from "../../../cli/start/fingerprint.ts";
import { scratch } from "../../lib/scratch.ts";

test("a fingerprint changes with names and bytes, and with nothing else", async (t) => {
  const root = await scratch(t);
  await mkdir(join(root, "lib/deep"), { recursive: true });
  await writeFile(join(root, "lib/a.ts"), "one");
  await writeFile(join(root, "lib/deep/b.ts"), "two");
  await writeFile(join(root, "one.yml"), "three");
  const taken = () => fingerprint(root, ["lib", "one.yml"]);
  const first = await taken();
  assert.match(first, /^[0-9a-f]{64}$/);

  await utimes(join(root, "lib/a.ts"), 0, 0);
  await writeFile(join(root, "not-named.txt"), "x");
  for (const left of ["_build", ".cache", "build-output", "_site"]) {
    await mkdir(join(root, "lib", left));
    await writeFile(join(root, "lib", left, "made"), "x");
  }
  assert.equal(await taken(), first, "times, other files and what is made from the sources do not count");

  const seen = new Set([first]);
  const changes = [
    () => writeFile(join(root, "lib/deep/b.ts"), "owt"),
    () => rename(join(root, "lib/a.ts"), join(root, "lib/c.ts")),
    () => rename(join(root, "lib/c.ts"), join(root, "lib/deep/c.ts")),
    () => writeFile(join(root, "lib/deep/empty"), ""),
    () => rm(join(root, "lib/deep/b.ts")),
  ];
  for (const change of changes) {
    await change();
    seen.add(await taken());
  }
  assert.equal(seen.size, changes.length + 1);
});

test("bytes that move from one file to the next are noticed", async (t) => {
  const root = await scratch(t);
  const write = async (a: string, b: string) => {
    await writeFile(join(root, "a"), a);
    await writeFile(join(root, "b"), b);
    return fingerprint(root, ["a", "b"]);
  };
  assert.notEqual(await write("xy", "z"), await write("x", "yz"));
});

test("what was made for the same inputs is not made again; what failed is", async (t) => {
  const stamp = join(await scratch(t), "stamp");
  let made = 0;
  const make = (inputs: string) =>
    once(stamp, inputs, () => {
      made += 1;
      if (inputs === "bad") throw new Error("cannot be made");
    });
  await make("a");
  await make("a");
  assert.equal(made, 1);
  await make("b");
  await make("a");
  assert.equal(made, 3);
  await assert.rejects(make("bad"), /cannot be made/);
  await assert.rejects(make("bad"), /cannot be made/);
  assert.equal(made, 5);
});
