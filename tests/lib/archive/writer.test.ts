import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { membersOf } from "../../../lib/archive/members.ts";
import { bodyOf, readIndex } from "../../../lib/archive/reader.ts";
import { isRedirect, type Representation } from "../../../lib/archive/site-index.ts";
import { ObjectChanged, type PackObject, SpoolFull } from "../../../lib/archive/spool.ts";
import { packSite } from "../../../lib/archive/writer.ts";
import { ShortRead } from "../../../lib/disk/source.ts";
import { bytesOf, object, pack, pattern, run, scratch } from "../scratch.ts";

const long = `${"long ".repeat(50)}/${"name".repeat(60)}.txt`;
const files: [key: string, content: string | Buffer][] = [
  ["index.html", "<h1>Home</h1>"],
  ["404.html", "nothing here"],
  ["docs/index.html", "docs"],
  ["docs/404.html", "no such page of the docs"],
  ["docs/long.html", "the same words again and again ".repeat(100)],
  ["empty.txt", ""],
  ["exact.bin", Buffer.alloc(512, 1)],
  ["über uns/ein bild.svg", "<svg/>"],
  ["😀.txt", "astral"],
  ["ﾮ.txt", "after the basic plane's surrogates"],
  [long, "long"],
  ["big.bin", pattern(3_000_001, 1)],
];

function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("tar unpacks what was packed: the index first, the files in byte order, then their encoded forms", async (t) => {
  const site = await pack(
    t,
    files.map(([key, content]) => object(key, content)),
  );
  const directory = await scratch(t);
  await writeFile(join(directory, "site.tar"), await bytesOf(site));
  const names = (await run("tar", "--quoting-style=literal", "-tf", join(directory, "site.tar")))
    .trimEnd()
    .split("\n");
  const keys = files.map(([key]) => Buffer.from(`site/${key}`)).sort(Buffer.compare);
  const forms = ["br/docs/long.html", "gzip/docs/long.html", "zstd/docs/long.html"];
  assert.deepEqual(names, ["index", ...keys.map(String), ...forms]);
  const verbose = await run("tar", "--numeric-owner", "--utc", "-tvf", join(directory, "site.tar"));
  for (const line of verbose.trimEnd().split("\n"))
    assert.match(line, /^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 /);
  await mkdir(join(directory, "out"));
  await run("tar", "-xf", join(directory, "site.tar"), "-C", join(directory, "out"));
  for (const [key, content] of files) {
    assert.ok((await readFile(join(directory, "out/site", key))).equals(Buffer.from(content)), key);
  }
});

test("the digest is that of what sha256sum says of the members, and the bytes are as many as said", async (t) => {
  const site = await pack(
    t,
    files.map(([key, content]) => object(key, content)),
  );
  const bytes = await bytesOf(site);
  assert.equal(bytes.length, site.bytes);
  assert.equal(site.size, site.bytes);
  const lines: string[] = [];
  for await (const { name, size, bodyOffset } of membersOf(site)) {
    lines.push(`${sha256(bytes.subarray(bodyOffset, bodyOffset + size))}  ${name}\n`);
  }
  assert.equal(lines.length, files.length + 4);
  assert.equal(sha256(lines.join("")), site.digest);
  assert.equal(site.files, files.length);
  assert.equal(
    site.contentBytes,
    files.reduce((sum, [, content]) => sum + Buffer.byteLength(content), 0),
  );
  assert.ok(bytes.subarray(-1024).equals(Buffer.alloc(1024)));
});

test("the index names every path with its body, tag and type", async (t) => {
  const site = await pack(
    t,
    files.map(([key, content]) => object(key, content)),
  );
  const index = await readIndex(site);
  const text = (await site.read(512, index.base - 512)).toString().replace(/\0+$/, "");
  assert.match(
    text,
    new RegExp(`^mirage-pages-index\t2\nbase\t${String(index.base).padStart(12, "0")}\nheaders\t3\n`),
  );
  assert.deepEqual(
    [...index.fallbacks, ...index.entries].map(({ path, status }) => `${path} ${status}`),
    [
      ...["/ 404", "/docs/ 404", "/ 200", "/404 200", "/404.html 200", "/big.bin 200", "/docs/ 200"],
      ...["/docs/404 200", "/docs/404.html 200", "/docs/index.html 200"],
      ...["/docs/long 200", "/docs/long.html 200", "/empty.txt 200", "/exact.bin 200"],
      ...["/index.html 200", `/${long} 200`],
      "/u\u0308ber uns/ein bild.svg 301",
      ...["/über uns/ein bild.svg 200", "/ﾮ.txt 200", "/😀.txt 200"],
    ],
  );
  const contents = new Map(files.map(([key, content]) => [`/${key}`, Buffer.from(content)]));
  for (const entry of [...index.fallbacks, ...index.entries]) {
    if (isRedirect(entry)) continue;
    const { path, status } = entry;
    const bytesFor = async (representation: Representation) => {
      const body = bodyOf(site, index, representation);
      const bytes = await body.read(0, body.size);
      assert.equal(representation.etag, `"${sha256(bytes).slice(0, 24)}"`);
      return bytes;
    };
    const names = status === 404 ? [`${path}404.html`] : [path, `${path}.html`, `${path}index.html`];
    const expected = names.map((name) => contents.get(name)).find((bytes) => bytes !== undefined);
    const [identity, ...encoded] = entry.representations;
    assert.ok((await bytesFor(identity)).equals(expected ?? Buffer.from("none")), path);
    const decode = {
      br: brotliDecompressSync,
      gzip: gunzipSync,
      zstd: zstdDecompressSync,
      identity: Buffer.from,
    };
    for (const form of encoded) {
      assert.ok(form.size < identity.size);
      assert.ok(
        decode[form.coding](await bytesFor(form)).equals(expected ?? Buffer.from("none")),
        form.coding,
      );
    }
    assert.equal(encoded.length, path.startsWith("/docs/long") ? 3 : 0, path);
    assert.equal(
      entry.headers.some(([name]) => name === "Vary"),
      encoded.length > 0,
    );
    assert.equal(entry.modified, 784_111_777);
    assert.match(entry.type, /\//);
  }
});

test("what has the same bytes at the same path keeps its date", async (t) => {
  const before = await readIndex(await pack(t, [object("index.html", "same"), object("a.txt", "old")]));
  const directory = await scratch(t);
  const later = (key: string, content: string) => ({ ...object(key, content), modified: 999_999_999 });
  const site = await packSite({
    objects: [later("index.html", "same"), later("a.txt", "new"), later("b.txt", "same")],
    spoolPath: join(directory, "spool"),
    previous: before,
  });
  t.after(() => site.close());
  const { entries } = await readIndex(site);
  assert.deepEqual(
    entries.map((entry) => (isRedirect(entry) ? entry.path : `${entry.path} ${entry.modified}`)),
    ["/ 784111777", "/a.txt 999999999", "/b.txt 999999999", "/index.html 784111777"],
  );
});

test("an object's own Cache-Control goes before ours", async (t) => {
  const objects = ["index.html", "app.0123abcd.js", "other.0123abcd.js"].map((key): PackObject => {
    const inner = object(key, "content");
    if (!key.startsWith("other")) return inner;
    return {
      ...inner,
      open: async (signal) => ({ ...(await inner.open(signal)), cacheControl: "no-store" }),
    };
  });
  const { entries } = await readIndex(await pack(t, objects));
  assert.deepEqual(
    entries.map(({ path, headers }) => [path, new Map(headers).get("Cache-Control")]),
    [
      ["/", "public, max-age=0, must-revalidate"],
      ["/app.0123abcd.js", "public, max-age=31536000, immutable"],
      ["/index.html", "public, max-age=0, must-revalidate"],
      ["/other.0123abcd.js", "no-store"],
    ],
  );
});

test("equal content gives equal bytes, whatever the order, the pieces and the timing", async (t) => {
  const site = await pack(
    t,
    files.map(([key, content]) => object(key, content)),
  );
  const late = files.toReversed().map(([key, content], i): PackObject => {
    const inner = object(key, content, 777);
    return { ...inner, open: async (signal) => sleep((i * 7) % 20).then(() => inner.open(signal)) };
  });
  const again = await pack(t, late);
  assert.equal(again.digest, site.digest);
  assert.ok((await bytesOf(again)).equals(await bytesOf(site)));
});

test("objects may come from an async iterable", async (t) => {
  const spoolPath = join(await scratch(t), "spool");
  const objects = Readable.from(files.map(([key, content]) => object(key, content)));
  const site = await packSite({ objects, spoolPath, concurrency: 1 });
  t.after(() => site.close());
  assert.equal(site.files, files.length);
});

test("no object at all is an archive too", async (t) => {
  const site = await pack(t, []);
  assert.deepEqual((await readIndex(site)).entries, []);
  assert.equal(site.bytes, 512 + 512 + 1024);
});

test("read gives any part, across the index's end too, and nothing beyond the end", async (t) => {
  const site = await pack(
    t,
    files.slice(0, 4).map(([key, content]) => object(key, content)),
  );
  const bytes = await bytesOf(site);
  await fc.assert(
    fc.asyncProperty(fc.nat(site.bytes), fc.nat(site.bytes), async (a, b) => {
      const [start, end] = a < b ? [a, b] : [b, a];
      assert.ok((await site.read(start, end - start)).equals(bytes.subarray(start, end)));
    }),
  );
  await assert.rejects(site.read(site.bytes - 1, 2), ShortRead);
  await assert.rejects(site.read(-1, 2), ShortRead);
});

for (const [what, real] of [
  ["shorter", 9_999],
  ["longer", 10_001],
  ["gone", 0],
] as const) {
  test(`an object that is ${what} than it was listed is ObjectChanged`, async (t) => {
    const spoolPath = join(await scratch(t), "spool");
    const changed = { ...object("a\u202eb.bin", Buffer.alloc(real)), size: 10_000 };
    await assert.rejects(packSite({ objects: [object("index.html", "x"), changed], spoolPath }), (error) => {
      assert.ok(error instanceof ObjectChanged);
      assert.equal(error.name, "ObjectChanged");
      assert.equal(error.key, "a\u202eb.bin");
      assert.match(error.message, /"a\\u\{202e\}b\.bin" changed while .* listed with.*start over/);
      return true;
    });
  });
}

test("a body that fails ends the packing with its error, and the other bodies are given up", async (t) => {
  const spoolPath = join(await scratch(t), "spool");
  const endless: Readable[] = [];
  const slow = (key: string): PackObject => ({
    key,
    size: 1024 ** 3,
    modified: 0,
    open: async (signal) => {
      const body = new Readable({
        read() {
          setTimeout(() => this.push(Buffer.alloc(10)), 1);
        },
        signal,
      });
      endless.push(body);
      return { body };
    },
  });
  const refuses: PackObject = {
    key: "c",
    size: 1,
    modified: 0,
    open: async () => {
      await sleep(20);
      throw new RangeError("told by the test");
    },
  };
  await assert.rejects(packSite({ objects: [slow("a"), slow("b"), refuses], spoolPath }), /told by the test/);
  assert.equal(endless.length, 2);
  for (const body of endless) assert.ok(body.destroyed);
});

test("no object is opened before a worker is free, nor more than the concurrency at a time", async (t) => {
  const spoolPath = join(await scratch(t), "spool");
  let open = 0;
  let most = 0;
  const objects = Array.from({ length: 40 }, (_, i): PackObject => {
    const inner = object(`${i}`, "content");
    return {
      ...inner,
      open: async (signal) => {
        open += 1;
        most = Math.max(most, open);
        await sleep(2);
        open -= 1;
        return inner.open(signal);
      },
    };
  });
  await (await packSite({ objects, spoolPath, concurrency: 5 })).close();
  assert.equal(most, 5);
});

test("a full disk is said to be one", {
  skip: process.getuid?.() !== 0 && "needs root to mount a small file system",
}, async (t) => {
  const directory = await scratch(t);
  const mounted = await run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory).then(
    () => true,
    () => false,
  );
  if (!mounted) return t.skip("mounting is not allowed here");
  try {
    const objects = [object("index.html", pattern(3_000_000, 3))];
    await assert.rejects(packSite({ objects, spoolPath: join(directory, "spool") }), (error) => {
      assert.ok(error instanceof SpoolFull);
      assert.match(error.message, /disk for temporary files is full.*2\.9 MiB/);
      return true;
    });
  } finally {
    await run("umount", directory);
  }
});

test("a thousand small files are packed well within half a second", async (t) => {
  const objects = Array.from({ length: 1000 }, (_, i) =>
    object(`${i % 30}/page-${i}.bin`, `page ${i} `.repeat(200)),
  );
  const spoolPath = join(await scratch(t), "spool");
  await (await packSite({ objects: objects.slice(0, 100), spoolPath })).close();
  const from = performance.now();
  const site = await packSite({ objects, spoolPath });
  const milliseconds = performance.now() - from;
  t.diagnostic(`${Math.round(milliseconds)} ms`);
  assert.equal((await buffer(site.open())).length, site.bytes);
  await site.close();
  assert.ok(milliseconds < 2000, `${milliseconds} ms (the bound leaves room for a busy machine)`);
});
