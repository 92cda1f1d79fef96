import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { verifyArchive } from "../../../cli/archive/verify.ts";
import { readIndex } from "../../../lib/archive/reader.ts";
import { isRedirect } from "../../../lib/archive/site-index.ts";
import { BadArchive } from "../../../lib/archive/tar.ts";
import { bufferSource } from "../../../lib/disk/source.ts";
import { bytesOf, object, pack, pattern } from "../../lib/scratch.ts";

const words = (text: string) => `${text} and the same words again and again. `.repeat(60);

async function packed(t: TestContext) {
  const long = `${"lång ".repeat(40)}/${"name".repeat(40)}.html`;
  const files = {
    "index.html": words("home"),
    "404.html": "nothing",
    "a.html": words("a"),
    "ab.html": words("ab"),
    "b.html": words("b"),
    "large.bin": pattern(3_000_000, 2),
    [long]: words("long"),
  };
  const site = await pack(
    t,
    Object.entries(files).map(([key, content]) => object(key, content)),
  );
  return { digest: site.digest, bytes: await bytesOf(site), index: await readIndex(site) };
}

test("an archive as it was packed is in order", async (t) => {
  const { digest, bytes } = await packed(t);
  assert.deepEqual(await verifyArchive(bufferSource(bytes), digest), {
    digest,
    members: 1 + 7 + 5 * 3,
    paths: 15,
    problems: [],
  });
});

test("another digest than its name says is told", async (t) => {
  const { digest, bytes } = await packed(t);
  const { problems } = await verifyArchive(bufferSource(bytes), "0".repeat(64));
  assert.deepEqual(problems, [`Its digest is ${digest}, it is named ${"0".repeat(64)}.`]);
});

test("any byte that changes is found, wherever it is", async (t) => {
  const { bytes, index } = await packed(t);
  const places = [0, 520, index.base + 3, index.base + 511, bytes.length - 1, bytes.length - 1000];
  for (let i = 0; i < 40; i += 1) places.push(Math.floor((bytes.length * i) / 40));
  for (const at of places) {
    const damaged = bufferSource(Buffer.from(bytes.with(at, (bytes[at] ?? 0) ^ 0x10)));
    // No digest is given: what is found is found by the archive's own words.
    const problems = await verifyArchive(damaged, undefined).then(
      (found) => found.problems,
      (error: unknown) => {
        assert.ok(error instanceof BadArchive, String(error));
        return [error.message];
      },
    );
    assert.notDeepEqual(problems, [], `byte ${at}`);
  }
});

test("a form that stands for the bytes of another file is told", async (t) => {
  const { bytes, index } = await packed(t);
  const forms = new Map(
    index.entries.flatMap((entry) =>
      isRedirect(entry) ? [] : [[entry.path, entry.representations] as const],
    ),
  );
  const [a] = forms.get("/a")?.filter(({ coding }) => coding === "gzip") ?? [];
  const [b] = forms.get("/b")?.filter(({ coding }) => coding === "gzip") ?? [];
  assert.ok(a && b && a.size === b.size);
  const changed = Buffer.from(bytes);
  bytes.copy(changed, index.base + a.offset, index.base + b.offset, index.base + b.offset + b.size);
  const { problems } = await verifyArchive(bufferSource(changed), undefined);
  assert.deepEqual(problems, [
    'The member "gzip/a.html" does not stand for the bytes of "site/a.html".',
    'The gzip form of "/a" has other bytes than its entity tag says.',
    'The gzip form of "/a.html" has other bytes than its entity tag says.',
  ]);
});
