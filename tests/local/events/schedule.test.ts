import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidSchedule, nextRun } from "../../../local/events/schedule.ts";

const now = Date.parse("2026-11-23T02:20:30Z"); // a Monday

const cases: readonly [string, string | undefined][] = [
  ["rate(5 minutes)", "2026-11-23T02:25:30.000Z"],
  ["rate(1 hour)", "2026-11-23T03:20:30.000Z"],
  ["cron(0 3 * * ? *)", "2026-11-23T03:00:00.000Z"],
  ["cron(20 2 * * ? *)", "2026-11-24T02:20:00.000Z"],
  ["cron(0/15 * * * ? *)", "2026-11-23T02:30:00.000Z"],
  ["cron(0 9 ? * MON-FRI *)", "2026-11-23T09:00:00.000Z"],
  ["cron(0 9 ? * SUN *)", "2026-11-29T09:00:00.000Z"],
  ["cron(0 0 1 * ? *)", "2026-12-01T00:00:00.000Z"],
  ["cron(0 0 L * ? *)", "2026-11-30T00:00:00.000Z"],
  ["cron(0 0 29 FEB ? *)", "2028-02-29T00:00:00.000Z"],
  ["cron(0 0 1 1 ? 2020)", undefined],
  ["at(2026-12-01T12:00:00)", "2026-12-01T12:00:00.000Z"],
  ["at(2026-01-01T12:00:00)", undefined],
];

test("the next run of each kind of expression", () => {
  for (const [expression, expected] of cases) {
    const next = nextRun(expression, now, now);
    assert.equal(next === undefined ? undefined : new Date(next).toISOString(), expected, expression);
  }
});

test("what is no expression is refused", () => {
  for (const wrong of [
    "5 minutes",
    "rate(5 years)",
    "cron(* * *)",
    "cron(99 * * * ? *)",
    "cron(x * * * ? *)",
  ]) {
    assert.throws(() => nextRun(wrong, now, now), InvalidSchedule, wrong);
  }
});
