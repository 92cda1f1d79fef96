import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { extract } from "tar-stream";
import {
  BadArchive,
  memberHeader,
  padding,
  readHeader,
  recordBytes,
  tarEnd,
} from "../../../lib/archive/tar.ts";
import { keyProblem } from "../../../lib/site/keys.ts";
import { run, scratch } from "../scratch.ts";

interface Member {
  name: string;
  size: number;
}

function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ name, size }) => [
    memberHeader(name, size),
    Buffer.alloc(size, 0x61),
    Buffer.alloc(padding(size)),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

async function membersOf(tar: Buffer): Promise<Member[]> {
  const members: Member[] = [];
  for await (const entry of Readable.from([tar]).pipe(extract())) {
    assert.equal(entry.header.type, "file");
    members.push({ name: entry.header.name, size: entry.header.size ?? -1 });
    entry.resume();
  }
  return members;
}

const keys = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 300 }),
    fc.string({ unit: fc.constantFrom("a", "b", "/", "é"), minLength: 1, maxLength: 400 }),
  )
  .filter((key) => keyProblem(key) === undefined && !key.endsWith("/"));

test("another implementation reads every name and size back", async () => {
  const member = fc.record({ name: keys, size: fc.nat(2000) }, { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(fc.array(member, { maxLength: 5 }), async (members) => {
      assert.deepEqual(await membersOf(tarOf(members)), members);
    }),
  );
});

const lengths = [
  1, 99, 100, 101, 102, 155, 156, 157, 254, 255, 256, 257, 258, 989, 990, 991, 992, 1023, 1024,
];

test("names around every limit of ustar and pax come back from tar itself", async (t) => {
  const file = join(await scratch(t), "names.tar");
  const names = lengths.flatMap((length) => [
    `${"a".repeat(length)}`,
    `${"d".repeat(Math.floor(length / 2))}/${"b".repeat(Math.ceil(length / 2))}`,
    `${"x/".repeat(Math.floor(length / 2))}c`,
    `${"é".repeat(Math.ceil(length / 2))}`,
  ]);
  await writeFile(file, tarOf(names.map((name) => ({ name, size: 3 }))));
  const listed = await run("tar", "--quoting-style=literal", "-tf", file);
  assert.deepEqual(listed.trimEnd().split("\n"), names);
});

test("a name ustar can hold takes one record", () => {
  assert.equal(memberHeader("a".repeat(100), 1).length, recordBytes);
  assert.equal(memberHeader(`${"d".repeat(155)}/${"a".repeat(100)}`, 1).length, recordBytes);
  assert.equal(memberHeader(`${"d".repeat(156)}/${"a".repeat(100)}`, 1).length, 3 * recordBytes);
  assert.equal(memberHeader("é", 1).length, 3 * recordBytes);
});

test("sizes that the header cannot hold are refused", () => {
  assert.equal(readHeader(memberHeader("a", 8 ** 11 - 1), "test").size, 8 ** 11 - 1);
  for (const size of [8 ** 11, -1, 1.5, Number.NaN]) assert.throws(() => memberHeader("a", size), RangeError);
});

test("readHeader refuses a header with any one byte changed", () => {
  const header = memberHeader("index", 1234);
  assert.deepEqual(readHeader(header, "test"), { name: "index", size: 1234 });
  for (let at = 0; at < 512; at += 1) {
    // After the checksum's digits come a NUL and a space that writers disagree about.
    if (at === 154 || at === 155) continue;
    const changed = Buffer.from(header);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    assert.throws(() => readHeader(changed, "test"), BadArchive, `byte ${at}`);
  }
  assert.throws(() => readHeader(header.subarray(0, 511), "test"), BadArchive);
  assert.throws(() => readHeader(Buffer.alloc(512), "test"), BadArchive);
  assert.throws(() => readHeader(memberHeader("é", 1).subarray(0, 512), "test"), BadArchive);
});
