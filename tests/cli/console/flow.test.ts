import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { flowOf } from "../../../cli/console/flow.ts";
import { definition } from "./machine.ts";

describe("flowOf", () => {
  const { parts, ways } = flowOf(definition);
  const told = (of: typeof ways) => of.map(({ from, to }) => `${from} → ${to}`);

  it("counts choices, waits and passes to the Task that leads to them, unless ways meet there", () => {
    assert.deepEqual(
      parts.map(({ name, states }) => [name, ...states]),
      [
        ["ask", "ask", "which?", "end early"],
        ["build", "build", "built?", "wait"],
        ["try again", "try again"],
        ["meet", "meet"],
        ["launch", "launch"],
        ["undo", "undo"],
        ["last", "last", "ended", "bad", "good"],
      ],
    );
    assert.deepEqual(
      parts.filter(({ task }) => !task).map(({ name }) => name),
      ["meet"],
    );
  });

  it("names where failures end, and lists no ways there", () => {
    assert.deepEqual(
      parts.filter(({ onFailure }) => onFailure).map(({ name }) => name),
      ["undo"],
    );
    assert.ok(!told(ways).some((way) => way.endsWith("→ undo")));
  });

  it("tells caught failures, ways back and the longest run", () => {
    assert.deepEqual(told(ways.filter(({ caught }) => caught)), ["build → try again"]);
    assert.deepEqual(told(ways.filter(({ back }) => back)), ["try again → build"]);
    assert.deepEqual(told(ways.filter(({ main }) => main)), [
      "ask → build",
      "build → meet",
      "meet → launch",
      "launch → last",
    ]);
  });

  it("what is no definition is refused", () => {
    assert.throws(() => flowOf('{"States":{}}'), { name: "ZodError" });
    assert.throws(() => flowOf("no"), SyntaxError);
  });
});
