import assert from "node:assert/strict";
import { test } from "node:test";
import { AWS_SECONDS, extraTransitions, longest, timeline } from "../../bench/aws/timeline.ts";
import type { Visit } from "../../cli/read/executions.ts";

const durations: readonly (readonly [state: string, milliseconds: number])[] = [
  ["take-turn", 100],
  ["settle", 200],
  ["wait to settle", 1000],
  ["settle", 100],
  ["pack-site", 3000],
  ["start-import", 4000],
  ["poll-import", 900],
  ["register-image", 150],
  ["expect", 1],
  ["probe", 600],
  ["wait for boot", 1000],
  ["probe", 400],
  ["commit", 50],
  ["notify", 9000],
];

function visits(): Visit[] {
  let at = 0;
  return durations.map(([state, milliseconds]) => {
    const from = at;
    at += milliseconds;
    return { state, from, to: at };
  });
}

const parts = timeline({ visits: visits(), settleSeconds: 5, recordedSettleSeconds: 1, bootSeconds: 8 });
const seconds = (what: string) => parts.find((part) => part.what.startsWith(what))?.seconds;

test("own work is as recorded, and the recording's short settling gives way to the real one", () => {
  assert.equal(seconds("settling: the bucket rests"), 5);
  assert.equal(seconds("settling: two listings")?.toFixed(3), "0.300");
  assert.equal(seconds("packing"), 3);
  assert.equal(seconds("writing the disk"), 4);
  assert.equal(seconds("probing every path"), 1);
  // take-turn, register-image, expect, commit: not the polls, nor what comes after the commit.
  assert.equal(seconds("our other functions")?.toFixed(3), "0.301");
});

test("AWS's parts stand in for what takes no time here, and the longest part is named", () => {
  assert.equal(seconds("pending to running"), AWS_SECONDS.pendingToRunning);
  assert.equal(seconds("8 cold starts"), 8 * AWS_SECONDS.coldStart);
  assert.equal(longest(parts)?.what, "the snapshot completes");
  assert.equal(longest([]), undefined);
});

test("a wait on AWS takes three transitions for every eleven seconds", () => {
  assert.equal(extraTransitions([10, 11, 24]), 3 + 6);
});
