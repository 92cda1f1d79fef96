import assert from "node:assert/strict";
import { test } from "node:test";
import { stepsOf } from "../../../cli/read/steps.ts";

test("waits and choices belong to the step before them, and looks of one state are one step", () => {
  const visits = [
    { state: "take-turn", from: 0, to: 1 },
    { state: "settle", from: 1, to: 2 },
    { state: "settled?", from: 2, to: 2 },
    { state: "wait to settle", from: 2, to: 7 },
    { state: "settle", from: 7, to: 8 },
    { state: "plan", from: 8 },
  ];
  assert.deepEqual(stepsOf(visits), [
    { state: "settle", title: "waiting until the upload has come to rest", from: 1, to: 8 },
    { state: "plan", title: "planning", from: 8 },
  ]);
});

test("a step that is gone on with after a wait has no end until then", () => {
  const visits = [
    { state: "probe", from: 0, to: 1 },
    { state: "wait for boot", from: 1 },
  ];
  assert.deepEqual(stepsOf(visits), [{ state: "probe", title: "booting and probing the machine", from: 0 }]);
});

test("how far an import is, as EC2 tells it: the last figure, and none where there is none", () => {
  const looks = (progress: string) => [
    { state: "poll-import", from: 0, to: 1, output: JSON.stringify({ imported: { done: false, progress } }) },
    { state: "poll-import", from: 2 },
  ];
  assert.equal(stepsOf(looks("45%"))[0]?.percent, 45);
  assert.equal(stepsOf(looks("7"))[0]?.percent, 7);
  assert.equal(stepsOf(looks(""))[0]?.percent, undefined);
});
