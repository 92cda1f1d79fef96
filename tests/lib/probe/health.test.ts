import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../../../lib/probe/health.ts";

const silent = { answers: false, final: false, reason: "ETIMEDOUT" } as const;
const now = Date.parse("2026-11-23T10:00:00.000Z");
const minutes = (count: number) => now + count * 60_000;
const answers = { answers: true } as const;

test("one missed look is none, the second in a row is one too many", () => {
  const first = judge("i-1", silent, undefined, now);
  assert.deepEqual(first, {
    dead: false,
    replace: false,
    health: { instanceId: "i-1", misses: 1, seen: silent },
  });
  const second = judge("i-1", silent, first.health, now);
  assert.deepEqual([second.dead, second.replace], [true, true]);
  assert.equal(second.health.misses, 2);
});

test("an answer in between begins the count anew", () => {
  const { health } = judge("i-1", silent, undefined, now);
  const seen = judge("i-1", answers, health, now);
  assert.deepEqual(seen, {
    dead: false,
    replace: false,
    health: { instanceId: "i-1", misses: 0, seen: answers },
  });
  assert.equal(judge("i-1", silent, seen.health, now).dead, false);
});

test("another machine's misses do not count", () => {
  const { health } = judge("i-1", silent, undefined, now);
  assert.equal(judge("i-2", silent, health, now).dead, false);
});

test("a machine that is stopped, gone or without the address is dead at once", () => {
  assert.equal(
    judge("i-1", { answers: false, final: true, reason: "it is stopped" }, undefined, now).dead,
    true,
  );
});

test("another machine is asked for after pauses that double up to an hour, for as long as it is in vain", () => {
  const stopped = { answers: false, final: true, reason: "it is stopped" } as const;
  const asked: number[] = [];
  let { health, replace } = judge("i-1", stopped, undefined, now);
  assert.equal(replace, true);
  for (let at = 5; at <= 300; at += 5) {
    ({ health, replace } = judge("i-1", stopped, health, minutes(at)));
    if (replace) asked.push(at);
  }
  assert.deepEqual(asked, [10, 30, 70, 130, 190, 250]);
  const other = judge("i-2", stopped, health, minutes(301));
  assert.equal(other.replace, true, "another machine is another matter");
  const { health: well } = judge("i-1", answers, health, minutes(301));
  assert.equal(well.asked, undefined);
  assert.equal(judge("i-1", stopped, well, minutes(306)).replace, true);
});
