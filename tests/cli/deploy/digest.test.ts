import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { hasBytesOf } from "../../../cli/deploy/digest.ts";
import { scratch } from "../../lib/scratch.ts";

const MIB = 2 ** 20;
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest();

test("an object uploaded at once: its ETag is the MD5 of its bytes", async (t) => {
  const path = join(await scratch(t), "file");
  await writeFile(path, "some text");
  assert.equal(await hasBytesOf(path, 9, `"${md5(Buffer.from("some text")).toString("hex")}"`), true);
  assert.equal(await hasBytesOf(path, 9, `"${md5(Buffer.from("same text")).toString("hex")}"`), false);
});

test("an object uploaded in parts of any usual size is known by the MD5s of its parts", async (t) => {
  const path = join(await scratch(t), "file");
  const bytes = Buffer.alloc(17 * MIB, "0123456789");
  await writeFile(path, bytes);
  for (const size of [5 * MIB, 8 * MIB, 16 * MIB]) {
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      md5(bytes.subarray(i * size, (i + 1) * size)),
    );
    const etag = `"${md5(Buffer.concat(parts)).toString("hex")}-${parts.length}"`;
    assert.equal(await hasBytesOf(path, bytes.length, etag), true, etag);
    assert.equal(await hasBytesOf(path, bytes.length, etag.replace(/^".{4}/, '"0000')), false);
  }
});

test("an ETag that is no digest (SSE-KMS keeps it from being one) tells nothing", async (t) => {
  const path = join(await scratch(t), "file");
  await writeFile(path, "x");
  assert.equal(await hasBytesOf(path, 1, '"not-hex"'), false);
});
