import assert from "node:assert/strict";
import { test } from "node:test";
import { estimateFrom } from "../../../cli/read/estimate.ts";

const step = (title: string, from: number, to: number) => ({ state: title, title, from, to });

test("of each step the median over the deployments that had it, and of the whole", () => {
  const past = [
    [step("settle", 0, 1_000), step("boot", 1_000, 9_000)],
    [step("settle", 0, 2_000), step("build", 2_000, 90_000), step("boot", 90_000, 97_000)],
    [step("settle", 0, 6_000), step("boot", 6_000, 18_000)],
  ];
  const { total, steps } = estimateFrom(past);
  assert.equal(total, 18);
  assert.deepEqual(Object.fromEntries(steps), { settle: 2, boot: 8, build: 88 });
});
