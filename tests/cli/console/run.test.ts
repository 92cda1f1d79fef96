import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { movesOf } from "../../../cli/console/page/moves.ts";
import { pictureOf } from "../../../cli/console/picture.ts";
import { timingOf } from "../../../cli/console/timings.ts";
import type { Run } from "../../../cli/console/view.ts";
import { definition } from "./machine.ts";

const picture = pictureOf(definition);
const run = (status: string, visits: Run["visits"]): Run => ({
  execution: "e",
  release: 1,
  status,
  error: null,
  cause: null,
  visits,
});

describe("a run in the picture", () => {
  const visits = [
    { state: "ask", from: 1_000, to: 2_000 },
    { state: "which?", from: 2_000, to: 2_000 },
    { state: "build", from: 2_000, to: 2_500 },
    { state: "wait", from: 2_500, to: 3_500 },
    { state: "build", from: 3_500 },
  ];

  it("while it runs: where it is, for how long, and which way it came", () => {
    const { at, spent, taken, failed, order } = movesOf(picture, run("RUNNING", visits), 5_000);
    assert.equal(at, "build");
    assert.deepEqual(
      [...spent],
      [
        ["ask", 1],
        ["build", 3],
      ],
    );
    assert.deepEqual([...taken], ["ask\nbuild"]);
    assert.deepEqual([...failed], []);
    assert.deepEqual(order, ["ask", "build"]);
  });

  it("after a failure: where it was, and that it is nowhere now", () => {
    const ended = [...visits.slice(0, 4), { state: "build", from: 3_500, to: 4_000 }];
    const undone = [
      ...ended,
      { state: "undo", from: 4_000, to: 4_100 },
      { state: "last", from: 4_100, to: 4_200 },
    ];
    const { at, failed, order } = movesOf(picture, run("FAILED", undone), 9_000);
    assert.equal(at, undefined);
    assert.deepEqual([...failed], ["build"]);
    assert.deepEqual(order, ["ask", "build", "undo", "last"]);
  });

  it("none yet: nowhere", () => {
    assert.deepEqual(movesOf(picture, null, 0).order, []);
  });

  it("its times: each part with its waits, the whole until the commit", () => {
    const committed = [
      { state: "ask", from: 0, to: 1_000 },
      { state: "build", from: 1_000, to: 1_250 },
      { state: "wait", from: 1_250, to: 2_250 },
      { state: "build", from: 2_250, to: 2_500 },
      { state: "meet", from: 2_500, to: 2_500 },
      { state: "launch", from: 2_500, to: 3_000 },
      { state: "last", from: 3_000, to: 9_000 },
    ];
    assert.deepEqual(timingOf(7, { visits: committed }, picture, "launch"), {
      release: 7,
      total: 3,
      parts: { ask: 1, build: 1.5, launch: 0.5, last: 6 },
    });
  });
});
