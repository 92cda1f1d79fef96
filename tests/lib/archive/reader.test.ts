import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeEntries, encodeEntries, type IndexEntry } from "../../../lib/archive/entries.ts";
import { readIndex } from "../../../lib/archive/reader.ts";
import { BadArchive, memberHeader, padding, tarEnd } from "../../../lib/archive/tar.ts";
import { bufferSource, ShortRead } from "../../../lib/disk/source.ts";
import { compareBytes } from "../../../lib/site/keys.ts";
import { bytesOf, object, pack } from "../scratch.ts";

const etag = `"${"0123456789abcdef".repeat(2)}"`;

function archive(text: string | Buffer, body = Buffer.alloc(1024)): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([
    memberHeader("index", bytes.length),
    bytes,
    Buffer.alloc(padding(bytes.length)),
    body,
    tarEnd,
  ]);
}

/** An archive with these lines, its head right unless told otherwise. */
function withLines(lines: string[], count = lines.length): Buffer {
  const text = (base: number): string =>
    `${["mirage-pages-index\t1", `base\t${String(base).padStart(12, "0")}`, `entries\t${count}`, ...lines].join("\n")}\n`;
  const length = Buffer.byteLength(text(0));
  return archive(text(512 + length + padding(length)));
}

const line = `=\t/a\t200\t5\t512\t${etag}\ttext/plain`;

test("entries come back as they were written", () => {
  const field = fc
    .string({ unit: "binary", maxLength: 12 })
    .filter((text) => text.isWellFormed() && !/\p{Cc}/u.test(text));
  const shape = {
    kind: fc.constant("=" as const),
    path: field.map((text) => `/${text}`),
    status: fc.integer({ min: 100, max: 599 }),
    size: fc.nat(1000),
    offset: fc.nat(1000),
    etag: fc.constantFrom(etag, undefined),
    type: fc.constantFrom("text/html; charset=utf-8", undefined),
    headers: fc.array(fc.tuple(fc.constantFrom("X-A", "Location"), field), { maxLength: 3 }),
  };
  const entry: fc.Arbitrary<IndexEntry> = fc.record(shape, { noNullPrototype: true });
  const entries = fc.uniqueArray(entry, { selector: ({ path }) => path });
  fc.assert(
    fc.property(entries, (list) => {
      const text = encodeEntries(list, (length) => length + 7);
      const sorted = list.toSorted((a, b) => compareBytes(a.path, b.path));
      assert.deepEqual(decodeEntries(text.toString(), text.length + 7, 2000), sorted);
    }),
  );
});

test("writing refuses what the format cannot hold", () => {
  const entry: IndexEntry = { kind: "=", path: "/a", status: 200, size: 0, offset: 0, headers: [] };
  assert.throws(() => encodeEntries([entry, entry], () => 0), RangeError);
  assert.throws(() => encodeEntries([{ ...entry, path: "/a\tb" }], () => 0), RangeError);
  assert.throws(() => encodeEntries([{ ...entry, headers: [["A", "b\n"]] }], () => 0), RangeError);
});

test("lines of unknown kinds are passed over, and nothing else is", async () => {
  const { entries } = await readIndex(bufferSource(withLines([line, "~\tfuture\tthings"])));
  assert.deepEqual(
    entries.map(({ path }) => path),
    ["/a"],
  );
});

const damaged: Record<string, Buffer> = {
  "another magic": archive("mirage-pages-index\t2\nbase\t000000001024\nentries\t0\n"),
  "a wrong base": archive("mirage-pages-index\t1\nbase\t000000000512\nentries\t0\n"),
  "too few lines": withLines([line], 2),
  "too many lines": withLines([line], 0),
  "no last line end": archive("mirage-pages-index\t1\nbase\t000000001024\nentries\t0"),
  "an empty text": archive(""),
  "lines out of order": withLines([line.replace("/a", "/b"), line]),
  "a path twice": withLines([line, line]),
  "a path without a slash": withLines([line.replace("/a", "a")]),
  "a fallback that is no directory": withLines([line.replace("=", "!")]),
  "a status that is none": withLines([line.replace("200", "999")]),
  "a negative size": withLines([line.replace("\t5\t", "\t-5\t")]),
  "a hexadecimal size": withLines([line.replace("\t5\t", "\t0x5\t")]),
  "a huge size": withLines([line.replace("\t5\t", "\t99999999999999999999\t")]),
  "a body beyond the end": withLines([line.replace("\t5\t", "\t5000\t")]),
  "a weak tag": withLines([line.replace('"0', 'W/"0')]),
  "no type": withLines([line.replace("\ttext/plain", "")]),
  "a header without a colon": withLines([`${line}\tX-Header`]),
  "a header with a carriage return": withLines([`${line}\tX-Header: a\rSet-Cookie: b`]),
  "bytes that are not UTF-8": archive(Buffer.from([0xc3, 0x28, 0x0a])),
  "another first member": Buffer.concat([memberHeader("site/a", 0), Buffer.alloc(1024), tarEnd]),
  "an index longer than the archive": Buffer.concat([memberHeader("index", 1_000_000), Buffer.alloc(2048)]),
  "nothing but zeros": Buffer.alloc(4096),
  nothing: Buffer.alloc(0),
};

for (const [what, bytes] of Object.entries(damaged)) {
  test(`refuses an archive with ${what}`, async () => {
    await assert.rejects(readIndex(bufferSource(bytes)), (error) => {
      assert.ok(error instanceof BadArchive, String(error));
      assert.equal(error.name, "BadArchive");
      return true;
    });
  });
}

test("whatever bytes change, it reads or refuses; a body never reaches past the end", async (t) => {
  const site = await pack(t, [object("index.html", "a".repeat(600)), object("docs/index.html", "b")]);
  const bytes = await bytesOf(site);
  const change = fc.tuple(fc.nat(1400), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(600), async (changes, cut) => {
      const copy = Buffer.from(bytes.subarray(0, bytes.length - cut));
      for (const [at, value] of changes) copy[at] = value;
      try {
        const { base, entries } = await readIndex(bufferSource(copy));
        for (const entry of entries) assert.ok(base + entry.offset + entry.size <= copy.length);
      } catch (error) {
        assert.ok(error instanceof BadArchive, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test("a source that ends early is told as such", async () => {
  const bytes = withLines([line]);
  const source = { size: bytes.length, read: bufferSource(bytes.subarray(0, 600)).read };
  await assert.rejects(readIndex(source), ShortRead);
});
