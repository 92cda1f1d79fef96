import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeIndex } from "../../../lib/archive/decode-index.ts";
import { encodeIndex } from "../../../lib/archive/encode-index.ts";
import { readIndex } from "../../../lib/archive/reader.ts";
import {
  type codings,
  type IndexEntry,
  isRedirect,
  type SiteIndex,
} from "../../../lib/archive/site-index.ts";
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

interface Sections {
  readonly headers?: readonly string[];
  readonly policies?: readonly string[];
  readonly rules?: readonly string[];
  readonly headerRules?: readonly string[];
  readonly fallbacks?: readonly string[];
  readonly entries?: readonly string[];
  /** What the last section says of its length. */
  readonly count?: number;
  readonly version?: number;
}

/** An archive whose index has these lines, its head right unless told otherwise. */
function withLines(sections: Sections): Buffer {
  const {
    headers = [""],
    policies = [],
    rules = [],
    headerRules = [],
    fallbacks = [],
    entries = [],
  } = sections;
  const named = { headers, policies, rules, "header-rules": headerRules, fallbacks, entries };
  const lines = Object.entries(named).flatMap(([name, section]) => {
    const count = name === "entries" ? (sections.count ?? section.length) : section.length;
    return [`${name}\t${count}`, ...section];
  });
  const text = (base: number): string =>
    `${[`mirage-pages-index\t${sections.version ?? 2}`, `base\t${String(base).padStart(12, "0")}`, ...lines].join("\n")}\n`;
  const length = Buffer.byteLength(text(0));
  return archive(text(512 + length + padding(length)));
}

const line = `/a\t200\t0\ttext/plain\t1\tidentity 5 512 ${etag}`;
const redirect = "/a\t301\t0\t>\t/b";
const rule = "-\t-\t/a/*\t301\t0\t/b/{splat}";

/** Objects as literals are: of the ordinary prototype. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

test("an index comes back as it was written", () => {
  const field = fc
    .string({ unit: "binary", maxLength: 12 })
    .filter((text) => text.isWellFormed() && !/\p{Cc}/u.test(text));
  const path = field.map((text) => `/${text}`);
  const status = fc.integer({ min: 200, max: 599 });
  const headers = fc.array(fc.tuple(fc.constantFrom("X-A", "X-B"), field), { maxLength: 3 });
  const common = { path, status, headers };
  const representation = (coding: (typeof codings)[number]) =>
    record({
      coding: fc.constant(coding),
      size: fc.nat(1000),
      offset: fc.nat(1000),
      etag: fc.constant(etag),
    });
  const body = record({
    ...common,
    type: fc.constantFrom("text/html; charset=utf-8", "image/png"),
    modified: fc.nat(),
    representations: fc
      .tuple(representation("identity"), fc.subarray(["zstd", "br", "gzip"] as const))
      .chain(([identity, others]) =>
        fc.tuple(...others.map(representation)).map((rest) => [identity, ...rest] as const),
      ),
  });
  const redirects = record({ ...common, location: field.map((text) => `/${text}`) });
  const entries = fc.uniqueArray(fc.oneof(body, redirects), { selector: (entry) => entry.path });
  const condition = fc.oneof(
    fc.constant({ kind: "query", name: "id", value: "{id}" } as const),
    fc.constant({ kind: "language", anyOf: ["de", "en"] } as const),
    fc.constant({ kind: "cookie", anyOf: ["beta"] } as const),
  );
  const host = fc.constantFrom("example.org", undefined);
  const rules = fc.array(
    record({
      ...{ forced: fc.boolean(), host, pattern: path, status, target: path, headers },
      conditions: fc.array(condition, { maxLength: 2 }),
    }),
    { maxLength: 3 },
  );
  const headerRules = fc.array(
    record({
      scope: fc.constantFrom("all" as const, "miss" as const),
      ...{ host, pattern: path },
      changes: fc.array(fc.tuple(fc.constantFrom("X-A", "X-B"), fc.option(field, { nil: undefined }))),
    }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(entries, rules, headerRules, (list: readonly IndexEntry[], ...more) => {
      const sorted = list.toSorted((a, b) => compareBytes(a.path, b.path));
      const fallbacks = sorted.flatMap((entry) =>
        isRedirect(entry) || !entry.path.endsWith("/") ? [] : [entry],
      );
      const policies = new Map([["canonical-host", "any"]]);
      const index: SiteIndex = { policies, rules: more[0], headerRules: more[1], fallbacks, entries: list };
      const text = encodeIndex(index, (length) => length + 7);
      assert.deepEqual(decodeIndex(text.toString(), text.length + 7, 2000), { ...index, entries: sorted });
    }),
  );
});

test("writing refuses what the format cannot hold", () => {
  const entry: IndexEntry = { path: "/a", status: 301, headers: [], location: "/b" };
  const empty = { policies: new Map(), rules: [], headerRules: [], fallbacks: [] };
  const encode = (...entries: IndexEntry[]) => encodeIndex({ ...empty, entries }, () => 0);
  assert.throws(() => encode(entry, entry), RangeError);
  assert.throws(() => encode({ ...entry, path: "/a\tb" }), RangeError);
  assert.throws(() => encode({ ...entry, headers: [["A", "b\n"]] }), RangeError);
});

const damaged: Record<string, Buffer> = {
  "an older version": withLines({ version: 1 }),
  "a newer version": withLines({ version: 3 }),
  "a wrong base": archive("mirage-pages-index\t2\nbase\t000000000512\n"),
  "no sections": archive("mirage-pages-index\t2\nbase\t000000001024\n"),
  "too few lines": withLines({ entries: [line], count: 2 }),
  "too many lines": withLines({ entries: [line], count: 0 }),
  "a huge count": withLines({ entries: [line], count: 999_999_999_999 }),
  "no last line end": archive("mirage-pages-index\t2\nbase\t000000001024"),
  "an empty text": archive(""),
  "lines out of order": withLines({ entries: [line.replace("/a", "/b"), line] }),
  "a path twice": withLines({ entries: [line, redirect] }),
  "a path without a slash": withLines({ entries: [line.replace("/a", "a")] }),
  "a fallback that is no directory": withLines({ fallbacks: [line] }),
  "a fallback that redirects": withLines({ fallbacks: [redirect.replace("/a", "/a/")] }),
  "a status that is none": withLines({ entries: [line.replace("200", "999")] }),
  "headers that are not there": withLines({ entries: [line.replace("200\t0", "200\t1")] }),
  "a negative size": withLines({ entries: [line.replace(" 5 ", " -5 ")] }),
  "a hexadecimal size": withLines({ entries: [line.replace(" 5 ", " 0x5 ")] }),
  "a huge size": withLines({ entries: [line.replace(" 5 ", " 99999999999999999999 ")] }),
  "a body beyond the end": withLines({ entries: [line.replace(" 5 ", " 5000 ")] }),
  "a weak tag": withLines({ entries: [line.replace('"0', 'W/"0')] }),
  "no type": withLines({ entries: [line.replace("\ttext/plain", "")] }),
  "no identity": withLines({ entries: [line.replace("identity", "br")] }),
  "an unknown coding": withLines({ entries: [line.replace("identity", "compress")] }),
  "a coding twice": withLines({ entries: [`${line}\tbr 1 1 ${etag}\tbr 1 1 ${etag}`] }),
  "no location": withLines({ entries: ["/a\t301\t0\t>"] }),
  "a header without a colon": withLines({ headers: ["X-Header"] }),
  "a header with a carriage return": withLines({ headers: ["X-Header: a\rSet-Cookie: b"] }),
  "a policy without a value": withLines({ policies: ["hsts"] }),
  "a rule that is forced somehow": withLines({ rules: [rule.replace("-", "?")] }),
  "a rule without a target": withLines({ rules: [rule.replace("/b/{splat}", "")] }),
  "a rule with a relative pattern": withLines({ rules: [rule.replace("/a/", "a/")] }),
  "a rule with an unknown condition": withLines({ rules: [`${rule}\tmoon full`] }),
  "a header rule for nobody": withLines({ headerRules: ["some\t-\t/a\tX: y"] }),
  "bytes that are not UTF-8": archive(Buffer.from([0xc3, 0x28, 0x0a])),
  "another first member": Buffer.concat([memberHeader("site/a", 0), Buffer.alloc(1024), tarEnd]),
  "an index longer than the archive": Buffer.concat([memberHeader("index", 1_000_000), Buffer.alloc(2048)]),
  "nothing but zeros": Buffer.alloc(4096),
  nothing: Buffer.alloc(0),
};

test("takes what is right about them", async () => {
  const { entries, rules } = await readIndex(bufferSource(withLines({ entries: [line], rules: [rule] })));
  assert.deepEqual([entries.length, rules.length], [1, 1]);
});

test("says which version it found and which it reads", async () => {
  await assert.rejects(
    readIndex(bufferSource(withLines({ version: 1 }))),
    /format version 1; .* reads version 2/,
  );
});

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
        for (const { offset, size } of entries.flatMap((entry) =>
          isRedirect(entry) ? [] : entry.representations,
        )) {
          assert.ok(base + offset + size <= copy.length);
        }
      } catch (error) {
        assert.ok(error instanceof BadArchive, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test("a source that ends early is told as such", async () => {
  const bytes = withLines({ entries: [line] });
  const source = { size: bytes.length, read: bufferSource(bytes.subarray(0, 600)).read };
  await assert.rejects(readIndex(source), ShortRead);
});
