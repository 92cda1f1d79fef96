import assert from "node:assert/strict";
import { test } from "node:test";
import type { Refused } from "../../lib/releases/records.ts";
import { isDue } from "../../lib/retry.ts";
import { digest } from "./releases/records.fixtures.ts";

const at = "2026-01-01T00:00:00.000Z";
const minutes = (count: number) => Date.parse(at) + count * 60_000;
const refused = (times: number, content = false): Refused => ({
  listing: digest("a"),
  error: "BuildFailed",
  cause: "no",
  at,
  times,
  content,
});

test("content that was refused itself is never tried again", () => {
  assert.equal(isDue(refused(1, true), minutes(1_000_000)), false);
});

for (const [times, pause] of [
  [1, 10],
  [2, 20],
  [3, 40],
  [6, 320],
  [7, 360],
  [50, 360],
] as const) {
  test(`after ${times} failures the next try is due after ${pause} minutes`, () => {
    assert.equal(isDue(refused(times), minutes(pause) - 1), false);
    assert.equal(isDue(refused(times), minutes(pause)), true);
  });
}
