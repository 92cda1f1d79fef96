import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { type PackRecord, packRecordSchema } from "../../../lib/archive/pack-record.ts";
import { bodyOf, readIndex } from "../../../lib/archive/reader.ts";
import { type BodyEntry, isRedirect } from "../../../lib/archive/site-index.ts";
import type { PackObject } from "../../../lib/archive/spool.ts";
import type { KeptArchive } from "../../../lib/archive/spool-kept.ts";
import { type PackedSite, packSite } from "../../../lib/archive/writer.ts";
import { bufferSource } from "../../../lib/disk/source.ts";
import { bytesOf, object, pattern, scratch } from "../scratch.ts";

type Files = Readonly<Record<string, string | Buffer>>;

const words = (text: string) => `${text} and the same words again and again. `.repeat(60);
const site: Files = {
  "index.html": words("home"),
  "about.html": words("about us"),
  "copy.html": words("home"),
  "copy.bin": words("home"),
  "large.bin": pattern(9_000_001, 5),
  "small.txt": "small",
  "empty.txt": "",
  "ünï/😀.css": words("a { color: red }"),
  "z.js": words("export {}"),
};

/** Objects whose version is that of their content; `opened` gets the keys of those that are read. */
function objects(files: Files, opened: string[] = []): PackObject[] {
  return Object.entries(files).map(([key, content]) => {
    const inner = object(key, content);
    const open: PackObject["open"] = async (signal) => {
      opened.push(key);
      return { ...(await inner.open(signal)), cacheControl: key === "z.js" ? "max-age=7" : undefined };
    };
    return { ...inner, version: `${Buffer.byteLength(content)} ${content.slice(0, 60)}`, open };
  });
}

async function packed(
  t: TestContext,
  files: Files,
  kept?: KeptArchive,
  opened?: string[],
): Promise<PackedSite> {
  const spoolPath = join(await scratch(t), "spool");
  const site = await packSite({ objects: objects(files, opened), spoolPath, kept });
  t.after(() => site.close());
  return site;
}

/** A packed site as the next packing gets it: its record after a trip through JSON. */
async function keep(site: PackedSite, change?: (bytes: Buffer, base: number) => void): Promise<KeptArchive> {
  const bytes = await bytesOf(site);
  const { base } = await readIndex(site);
  change?.(bytes, base);
  const record = packRecordSchema.parse(JSON.parse(JSON.stringify(site.record)));
  return { archive: bufferSource(bytes), base, record };
}

function entryAt(entries: readonly unknown[], path: string): BodyEntry {
  return (entries as BodyEntry[]).find((entry) => !isRedirect(entry) && entry.path === path) as BodyEntry;
}

test("packed with the archive before, the bytes are those of packing from nothing; only what changed is read", async (t) => {
  const { "about.html": _, ...rest } = site;
  const next = { ...rest, "index.html": words("the new home"), "m.html": words("inserted") };
  const opened: string[] = [];
  const before = await packed(t, site);
  const after = await packed(t, next, await keep(before), opened);
  const fresh = await packed(t, next);
  assert.equal(after.digest, fresh.digest);
  assert.deepEqual(after.record, fresh.record);
  assert.deepEqual(opened.sort(), ["index.html", "m.html"]);
  const { headers } = entryAt((await readIndex(after)).entries, "/z.js");
  assert.equal(new Map(headers).get("Cache-Control"), "max-age=7");
});

test("whatever changes from one packing to the next, each gives the bytes of packing from nothing", async (t) => {
  const content = fc.constantFrom(words("one"), words("two"), "short", "");
  const key = fc.constantFrom("a.html", "b.html", "c.bin", "d/e.txt", "a.html.br", "a.html.gz");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.dictionary(key, content), { minLength: 2, maxLength: 4 }), async (sites) => {
      let kept: KeptArchive | undefined;
      for (const files of sites) {
        const after = await packed(t, files, kept);
        const fresh = await packed(t, files);
        assert.equal(after.digest, fresh.digest);
        assert.deepEqual(after.record, fresh.record);
        kept = await keep(after);
      }
    }),
    { numRuns: 12 },
  );
});

test("an object without a version is read, its forms are taken by its digest", async (t) => {
  const before = await packed(t, { "page.html": words("page") });
  const { archive, base, record } = await keep(before);
  const reads: [number, number][] = [];
  const watched: KeptArchive["archive"] = {
    size: archive.size,
    read(offset, length) {
      reads.push([offset, length]);
      return archive.read(offset, length);
    },
  };
  const renamed: PackObject = { ...object("moved.html", words("page")), version: undefined };
  const spoolPath = join(await scratch(t), "spool");
  const after = await packSite({ objects: [renamed], spoolPath, kept: { archive: watched, base, record } });
  t.after(() => after.close());
  assert.equal(reads.length, 1, "one read for all forms");
  assert.equal(after.digest, (await packed(t, { "moved.html": words("page") })).digest);
});

for (const [what, change] of [
  ["a body", (bytes: Buffer) => bytes.indexOf("about us")],
  ["a large body", (bytes: Buffer) => bytes.indexOf(pattern(1000, 5)) + 8_900_000],
  ["a header", (bytes: Buffer) => bytes.indexOf("site/about.html")],
  ["a form", (bytes: Buffer) => bytes.indexOf("br/about.html") + 520],
  ["padding", (bytes: Buffer) => bytes.indexOf("site/empty.txt") - 1],
] as const) {
  test(`a kept archive with ${what} damaged: what is damaged is made anew`, async (t) => {
    const before = await packed(t, site);
    const kept = await keep(before, (bytes) => {
      const at = change(bytes);
      assert.ok(at > 0);
      bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
    });
    const opened: string[] = [];
    const after = await packed(t, site, kept, opened);
    assert.equal(after.digest, before.digest);
    const lost = what === "a body" ? ["about.html"] : what === "a large body" ? ["large.bin"] : [];
    assert.deepEqual(opened, lost);
  });
}

test("forms of another encoder are made anew, bodies are taken", async (t) => {
  const before = await packed(t, site);
  const kept = await keep(before, (bytes, base) => {
    const [size, offset] = before.record.objects[0]?.forms?.br ?? [0, 0];
    bytes.fill(0, base + offset, base + offset + size);
  });
  const record: PackRecord = { ...kept.record, encoder: "another one" };
  const opened: string[] = [];
  const after = await packed(t, site, { ...kept, record }, opened);
  assert.equal(after.digest, before.digest);
  assert.deepEqual(opened, []);
});

test("forms that the upload brings are taken as they are, if they stand for the same bytes", async (t) => {
  const page = words("page");
  const own = { br: brotliCompressSync(page), gzip: gzipSync(page, { level: 1 }) };
  const files: Files = {
    "a.html": page,
    "a.html.br": own.br,
    "a.html.gz": own.gzip,
    "b.html": words("b"),
    "b.html.br": brotliCompressSync(words("another")),
    "b.html.gz": "no gzip at all",
    "c.dat": words("of no known type"),
    "c.dat.gz": gzipSync(words("of no known type")),
  };
  const archive = await packed(t, files);
  const index = await readIndex(archive);
  const formsAt = async (path: string) => {
    const [, ...forms] = entryAt(index.entries, path).representations;
    return Promise.all(
      forms.map(
        async (form) => [form.coding, await bodyOf(archive, index, form).read(0, form.size)] as const,
      ),
    );
  };
  const a = new Map(await formsAt("/a"));
  assert.deepEqual([...a.keys()], ["br", "gzip", "zstd"]);
  assert.ok(a.get("br")?.equals(own.br));
  assert.ok(a.get("gzip")?.equals(own.gzip));
  const b = await formsAt("/b");
  const withoutThem = await packed(t, { "b.html": words("b") });
  const alone = entryAt((await readIndex(withoutThem)).entries, "/b").representations;
  assert.deepEqual(
    b.map(([coding, bytes]) => `${coding} ${bytes.length}`),
    alone.slice(1).map(({ coding, size }) => `${coding} ${size}`),
  );
  assert.deepEqual(
    (await formsAt("/c.dat")).map(([coding]) => coding),
    ["gzip"],
  );
  assert.ok(
    index.entries.some(({ path }) => path === "/a.html.gz"),
    "they stay files of their own",
  );
});
