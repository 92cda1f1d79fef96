import assert from "node:assert/strict";
import { test } from "node:test";
import type { Visit } from "../../../cli/read/executions.ts";
import { timings } from "../../../cli/start/timings.ts";

/** Visits one after the other; durations in milliseconds. */
function sequence(from: number, ...states: readonly (readonly [string, number])[]): Visit[] {
  const visits: Visit[] = [];
  let at = from;
  for (const [state, duration] of states) {
    visits.push({ state, from: at, to: at + duration });
    at += duration;
  }
  return visits;
}

test("splits a deployment into settling, building, booting and the rest", () => {
  const visits = sequence(
    1000,
    ["take-turn", 100],
    ["begin settling", 10],
    ["settle", 200],
    ["settled?", 10],
    ["wait to settle", 5000],
    ["settle", 180],
    ["plan", 50],
    ["start-build", 60],
    ["wait for build", 2000],
    ["poll-build", 40],
    ["pack-site", 500],
    ["launch-instance", 300],
    ["probe", 100],
    ["wait for boot", 1000],
    ["probe", 70],
    ["move-address", 90],
    ["commit", 30],
    ["notify", 999],
  );
  const { states, ...split } = timings(visits, 1000);
  assert.deepEqual(split, {
    total: 9.74,
    settle: 5.4,
    build: 2.1,
    // From the launch to the beginning of the probe that found the machine ready.
    boot: 1.1,
    own: 1.14,
  });
  assert.equal(states.probe, 0.17);
  assert.equal(states.settle, 0.38);
  assert.equal(states.notify, 0, "what comes after the commit is not waited for");
});

test("a probe that looks several times: booting ends where its last look began", () => {
  const visits = sequence(0, ["launch-instance", 100], ["probe", 8000], ["commit", 10]);
  const output = JSON.stringify({ probe: { ready: true, lookedAt: new Date(7600).toISOString() } });
  const { boot, own } = timings(
    visits.map((visit) => (visit.state === "probe" ? { ...visit, output } : visit)),
    0,
  );
  assert.deepEqual({ boot, own }, { boot: 7.5, own: 0.61 });
});

test("what happened while the upload was still going on does not count", () => {
  const visits = sequence(0, ["take-turn", 100], ["settle", 1000], ["wait to settle", 1000], ["commit", 10]);
  const { total, settle, own, states } = timings(visits, 600);
  assert.deepEqual({ total, settle, own }, { total: 1.51, settle: 1.5, own: 0.01 });
  assert.equal(states["take-turn"], 0);
});

test("booting a second machine counts from its own launch", () => {
  const visits = sequence(
    0,
    ["launch-instance", 100],
    ["probe", 5000],
    ["discard-machine", 200],
    ["launch-instance", 100],
    ["wait for boot", 400],
    ["probe", 50],
    ["commit", 10],
  );
  const { boot, total, own } = timings(visits, 0);
  assert.deepEqual({ boot, total, own }, { boot: 0.4, total: 5.86, own: 5.46 });
});

test("the parts add up to the whole, to the millisecond", () => {
  const visits = sequence(
    7,
    ["settle", 333],
    ["start-build", 111],
    ["launch-instance", 77],
    ["probe", 13],
    ["commit", 1],
  );
  const { total, settle, build, boot, own } = timings(visits, 7);
  assert.equal(Math.round((settle + build + boot + own) * 1000), total * 1000);
});

test("an execution that committed nothing took no time", () => {
  assert.deepEqual(timings(sequence(0, ["take-turn", 100], ["settle", 50]), 0).total, 0);
});
