import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../../lib/health.ts";

const silent = { answers: false, final: false, reason: "ETIMEDOUT" } as const;
const answers = { answers: true } as const;

test("one missed look is none, the second in a row is one too many", () => {
  const first = judge("i-1", silent, undefined);
  assert.deepEqual(first, { dead: false, health: { instanceId: "i-1", misses: 1, seen: silent } });
  const second = judge("i-1", silent, first.health);
  assert.equal(second.dead, true);
  assert.equal(second.health.misses, 2);
});

test("an answer in between begins the count anew", () => {
  const { health } = judge("i-1", silent, undefined);
  const seen = judge("i-1", answers, health);
  assert.deepEqual(seen, { dead: false, health: { instanceId: "i-1", misses: 0, seen: answers } });
  assert.equal(judge("i-1", silent, seen.health).dead, false);
});

test("another machine's misses do not count", () => {
  const { health } = judge("i-1", silent, undefined);
  assert.equal(judge("i-2", silent, health).dead, false);
});

test("a machine that is stopped, gone or without the address is dead at once", () => {
  assert.equal(judge("i-1", { answers: false, final: true, reason: "it is stopped" }, undefined).dead, true);
});
