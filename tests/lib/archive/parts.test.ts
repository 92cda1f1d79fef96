import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KeptRun } from "../../../lib/archive/kept.ts";
import { type Part, planParts } from "../../../lib/archive/parts.ts";

const mib = 1024 * 1024;

/** What S3 asks of a multipart upload, and that each copied part lies in a run, where the run says. */
function check(size: number, runs: readonly KeptRun[], parts: readonly Part[]): void {
  let at = 0;
  for (const [i, { offset, length, keptOffset }] of parts.entries()) {
    assert.equal(offset, at);
    assert.ok(length > 0 && length <= 5 * 1024 * mib);
    if (i < parts.length - 1) assert.ok(length >= 5 * mib, `part ${i + 1} has ${length} bytes`);
    at += length;
    if (keptOffset === undefined) {
      assert.ok(length <= 16 * mib, "what is sent is held in memory");
      continue;
    }
    const run = runs.find((one) => one.offset <= offset && offset + length <= one.offset + one.length);
    assert.equal(keptOffset - offset, run && run.keptOffset - run.offset);
  }
  assert.equal(at, size);
  assert.ok(parts.length <= 1 || parts.length <= size / (5 * mib) + 1);
}

test("parts are as S3 takes them, and copies are what the runs say, whatever has changed", () => {
  const gap = fc.oneof(fc.constant(0), fc.nat(64 * mib), fc.nat(1000));
  const run = fc.record({ gap, length: fc.oneof(fc.integer({ min: 1, max: 300 * mib }), fc.nat(9 * mib)) });
  fc.assert(
    fc.property(fc.array(run, { maxLength: 20 }), gap, fc.nat(mib), (pieces, rest, shift) => {
      let size = 0;
      const runs: KeptRun[] = [];
      for (const { gap, length } of pieces) {
        if (length === 0) continue;
        runs.push({ offset: size + gap, keptOffset: size + gap + shift, length });
        size += gap + length;
      }
      size += rest + 1;
      check(size, runs, planParts(size, runs));
    }),
  );
});

test("one small change in a GiB: what is sent is the index and 5 MiB around the change", () => {
  const [index, size] = [2 * mib, 1024 * mib];
  const changed = 500 * mib;
  const runs = [
    { offset: index, keptOffset: index, length: changed - index },
    { offset: changed + 1000, keptOffset: changed + 3000, length: size - changed - 2024 },
  ];
  const parts = planParts(size, runs);
  check(size, runs, parts);
  const sent = parts.filter(({ keptOffset }) => keptOffset === undefined);
  assert.deepEqual(
    sent.map(({ length }) => length),
    [5 * mib, 5 * mib, 1024],
  );
  assert.ok(parts.length < 40);
});

test("a small site is one part", () => {
  assert.deepEqual(planParts(4096, [{ offset: 1024, keptOffset: 1024, length: 2048 }]), [
    { offset: 0, length: 4096 },
  ]);
});
