import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { bootOf, buildDigest, readSource, sourceKey } from "../../../lib/disk/boot.ts";
import { putJson } from "../../../lib/objects.ts";
import { bootKey, bootRecordKey } from "../../../lib/releases/object-keys.ts";
import { MemoryStore } from "../memory-store.ts";
import { boot, digest } from "../releases/records.fixtures.ts";
import { scratch } from "../scratch.ts";

const source = Buffer.from("sources");

test("a build is named by its sources and its backend, and by nothing else", () => {
  assert.equal(buildDigest(source, "linux"), buildDigest(Buffer.from("sources"), "linux"));
  assert.notEqual(buildDigest(source, "linux"), buildDigest(source, "mirage"));
  assert.notEqual(buildDigest(source, "linux"), buildDigest(Buffer.from("sources."), "linux"));
  assert.match(buildDigest(source, "linux"), /^[0-9a-f]{64}$/);
});

test("sources are kept under their digest", () => {
  const sha256 = "878a52fc5ff6a57d50b7b870aa51637a3dfd38fc22352a39f95a3c292eb976d5";
  assert.equal(sourceKey(source), `sources/${sha256}.zip`);
});

test("a boot partition counts once its record is written, not before", async () => {
  const store = new MemoryStore();
  await store.put(bootKey(digest("b")), "the partition");
  assert.equal(await bootOf(store, digest("b")), undefined);
  await putJson(store, bootRecordKey(digest("b")), boot());
  assert.deepEqual(await bootOf(store, digest("b")), boot());
});

test("the sources are those in the function's bundle", async (t) => {
  const directory = await scratch(t);
  await writeFile(join(directory, "source.zip"), source);
  const before = process.env.LAMBDA_TASK_ROOT;
  t.after(() => {
    if (before === undefined) delete process.env.LAMBDA_TASK_ROOT;
    else process.env.LAMBDA_TASK_ROOT = before;
  });
  process.env.LAMBDA_TASK_ROOT = directory;
  assert.deepEqual(await readSource(), source);
});
