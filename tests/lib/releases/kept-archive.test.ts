import assert from "node:assert/strict";
import { test } from "node:test";
import { writeVersion } from "../../../lib/releases/kept-archive.ts";

const object = { etag: '"0cc175b9c0f1b6a831c399e269772661"', lastModified: "2026-11-23T06:00:00.000Z" };
const written = Date.parse(object.lastModified);

test("a write has a name once no other one can fall into its second", () => {
  assert.equal(writeVersion(object, written + 999), undefined);
  assert.equal(writeVersion(object, written + 2_999), undefined);
  const name = writeVersion(object, written + 3_000);
  assert.equal(name, `${object.etag} ${object.lastModified}`);
  assert.notEqual(
    writeVersion({ ...object, lastModified: "2026-11-23T06:00:01.000Z" }, written + 9_000),
    name,
  );
  assert.notEqual(writeVersion({ ...object, etag: '"other"' }, written + 9_000), name);
});
