import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryEvent } from "@aws-sdk/client-sfn";
import { asVisits } from "../../../cli/read/executions.ts";

const entered = (at: number, name: string): HistoryEvent => ({
  id: at,
  type: "TaskStateEntered",
  timestamp: new Date(at),
  stateEnteredEventDetails: { name },
});
const exited = (at: number, name: string): HistoryEvent => ({
  id: at,
  type: "TaskStateExited",
  timestamp: new Date(at),
  stateExitedEventDetails: { name },
});
const other = (at: number, type: HistoryEvent["type"]): HistoryEvent => ({
  id: at,
  type,
  timestamp: new Date(at),
});

test("entered and exited make one visit; what lies between does not matter", () => {
  const events = [
    other(1, "ExecutionStarted"),
    entered(2, "a"),
    other(3, "LambdaFunctionScheduled"),
    other(4, "LambdaFunctionFailed"),
    exited(5, "a"),
    entered(6, "b"),
    exited(9, "b"),
    other(10, "ExecutionSucceeded"),
  ];
  assert.deepEqual(asVisits(events), [
    { state: "a", from: 2, to: 5 },
    { state: "b", from: 6, to: 9 },
  ]);
});

test("a state that is visited again is a visit of its own", () => {
  const events = [entered(1, "a"), exited(2, "a"), entered(3, "a"), exited(4, "a")];
  assert.deepEqual(asVisits(events), [
    { state: "a", from: 1, to: 2 },
    { state: "a", from: 3, to: 4 },
  ]);
});

test("the state that is being run has no end", () => {
  assert.deepEqual(asVisits([entered(1, "a"), exited(2, "a"), entered(3, "b")]), [
    { state: "a", from: 1, to: 2 },
    { state: "b", from: 3 },
  ]);
});

test("a state that was left by a caught error ends where the next begins", () => {
  assert.deepEqual(asVisits([entered(1, "a"), entered(4, "undo")]), [
    { state: "a", from: 1, to: 4 },
    { state: "undo", from: 4 },
  ]);
});

test("an execution without states has no visits", () => {
  assert.deepEqual(asVisits([]), []);
  assert.deepEqual(asVisits([other(1, "ExecutionStarted"), other(2, "ExecutionFailed")]), []);
});
