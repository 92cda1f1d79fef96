import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { type KeptArchive, KeptUnusable } from "../../../lib/archive/kept.ts";
import { type PackRecord, packRecordSchema } from "../../../lib/archive/pack-record.ts";
import { bodyOf, readIndex } from "../../../lib/archive/reader.ts";
import { type BodyEntry, isRedirect } from "../../../lib/archive/site-index.ts";
import type { PackObject } from "../../../lib/archive/spool.ts";
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

/** As S3 makes it: what the runs tell comes from the kept archive, the rest is read. */
async function composed(site: PackedSite, kept: KeptArchive): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { offset, keptOffset, length } of site.keptRuns) {
    pieces.push(await site.read(at, offset - at), await kept.archive.read(keptOffset, length));
    at = offset + length;
  }
  return Buffer.concat([...pieces, await site.read(at, site.size - at)]);
}

/** However it was packed, it is the same to the last byte. */
async function assertSame(after: PackedSite, fresh: PackedSite, kept?: KeptArchive): Promise<void> {
  const bytes = await bytesOf(fresh);
  assert.equal(after.digest, fresh.digest);
  assert.deepEqual(after.record, fresh.record);
  assert.ok((await bytesOf(after)).equals(bytes));
  if (kept !== undefined) assert.ok((await composed(after, kept)).equals(bytes));
}

function entryAt(entries: readonly unknown[], path: string): BodyEntry {
  return (entries as BodyEntry[]).find((entry) => !isRedirect(entry) && entry.path === path) as BodyEntry;
}

test("packed with the archive before, the bytes are those of packing from nothing; only what changed is read", async (t) => {
  const { "about.html": _, ...rest } = site;
  const next = { ...rest, "index.html": words("the new home"), "m.html": words("inserted") };
  const opened: string[] = [];
  const kept = await keep(await packed(t, site));
  const after = await packed(t, next, kept, opened);
  await assertSame(after, await packed(t, next), kept);
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
        await assertSame(after, await packed(t, files), kept);
        kept = await keep(after);
      }
    }),
    { numRuns: 12 },
  );
});

test("an object without a version is read, its forms are found by its digest", async (t) => {
  const kept = await keep(await packed(t, { "page.html": words("page") }));
  const renamed: PackObject = { ...object("moved.html", words("page")), version: undefined };
  const spoolPath = join(await scratch(t), "spool");
  const after = await packSite({ objects: [renamed], spoolPath, kept });
  t.after(() => after.close());
  assert.equal(after.keptRuns.length, 3, "a run for each form");
  const fresh = await packed(t, { "moved.html": words("page") });
  assert.equal(after.digest, fresh.digest);
  assert.ok((await composed(after, kept)).equals(await bytesOf(fresh)));
});

test("an object that was written anew with the same bytes is read, and stands in the kept archive", async (t) => {
  const kept = await keep(await packed(t, { "large.bin": site["large.bin"] ?? "" }));
  const again: PackObject = { ...object("large.bin", site["large.bin"] ?? ""), version: "another" };
  const after = await packSite({ objects: [again], spoolPath: join(await scratch(t), "spool"), kept });
  t.after(() => after.close());
  assert.deepEqual(
    after.keptRuns.map(({ length }) => length),
    [512 + 9_000_448],
  );
});

test("a kept archive that has other bytes than its record says is not used", async (t) => {
  const kept = await keep(await packed(t, site), (bytes) => {
    const at = bytes.indexOf("about us");
    bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  });
  const record: PackRecord = { ...kept.record, encoder: "another one, so that bodies are read" };
  await assert.rejects(packed(t, site, { ...kept, record }), KeptUnusable);
});

test("forms of another encoder are made anew, bodies are taken", async (t) => {
  const before = await packed(t, site);
  const kept = await keep(before, (bytes, base) => {
    const [size, offset] = before.record.objects[0]?.forms?.br ?? [0, 0];
    bytes.fill(0, base + offset, base + offset + size);
  });
  const record: PackRecord = { ...kept.record, encoder: "another one" };
  const opened: string[] = [];
  await assertSame(await packed(t, site, { ...kept, record }, opened), before);
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
