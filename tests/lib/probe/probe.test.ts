import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { etagOfDigest, isEtagOf } from "../../../lib/archive/site-index.ts";
import { probeTargets, sample } from "../../../lib/probe/probe.ts";

test("a site of up to the limit is probed whole", () => {
  assert.deepEqual(sample([1, 2, 3], 3), [1, 2, 3]);
  assert.deepEqual(sample([], 3), []);
});

test("of a larger one come as many as the limit says: first, last and evenly between", () => {
  const all = Array.from({ length: 101 }, (_, i) => i);
  assert.deepEqual(sample(all, 5), [0, 25, 50, 75, 100]);
});

test("whatever the size: in order, none twice, the ends among them, no gap larger than another by two", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 2, max: 500 }), (size, limit) => {
      const all = Array.from({ length: size }, (_, i) => i);
      const some = sample(all, limit);
      assert.equal(some.length, Math.min(size, limit));
      assert.equal(some[0], all[0]);
      assert.equal(some.at(-1), all.at(-1));
      const gaps = some.slice(1).map((value, i) => value - (some[i] ?? 0));
      assert.ok(gaps.every((gap) => gap >= 1));
      if (gaps.length > 0) assert.ok(Math.max(...gaps) - Math.min(...gaps) <= 2);
    }),
  );
});

test("an entity tag begins the body's SHA-256, in quotes; those of older archives are longer", () => {
  const digest = "5891b5b522d5df086d0ff0b110fbd9d2".padEnd(64, "0");
  assert.equal(etagOfDigest(digest), '"5891b5b522d5df086d0ff0b1"');
  for (const digits of [24, 32]) assert.ok(isEtagOf(digest, `"${digest.slice(0, digits)}"`));
  for (const tag of ["5891b5b522d5df086d0ff0b", "5891b5b522d5df086d0ff0b2", ""])
    assert.ok(!isEtagOf(digest, `"${tag}"`), tag);
});

test("paths that a rule may answer are not probed", () => {
  const body = { headers: [], type: "text/html", modified: 0 };
  const representations = [{ coding: "identity", size: 1, offset: 0, etag: '"x"' }] as const;
  const entry = (path: string, status = 200) => ({ path, status, ...body, representations });
  const rule = (forced: boolean, pattern: string) => ({
    ...{ forced, pattern, status: 301, target: "/", headers: [], conditions: [] },
  });
  const targets = probeTargets({
    policies: new Map(),
    headerRules: [],
    rules: [rule(true, "/closed/*"), rule(false, "/docs/*")],
    fallbacks: [entry("/", 404), entry("/docs/", 404)],
    entries: [entry("/"), entry("/closed/a"), entry("/docs/a")],
  });
  assert.deepEqual(
    targets.map(({ path }) => path),
    ["/mirage-pages-probe-of-a-missing-path", "/", "/docs/a"],
  );
});
