import assert from "node:assert/strict";
import { test } from "node:test";
import { problemFrom, retryTime } from "../../../lib/acme/problem.ts";

const now = Date.parse("2026-11-01T00:00:00Z");

test("a problem keeps its own words, those about single names too", () => {
  const body = {
    type: "urn:ietf:params:acme:error:rejectedIdentifier",
    detail: "Some of the identifiers were rejected",
    subproblems: [
      { detail: "Policy forbids issuing for name", identifier: { type: "dns", value: "bad.test" } },
    ],
  };
  const problem = problemFrom(body, 403, undefined, now);
  assert.equal(problem?.type, "rejectedIdentifier");
  assert.equal(
    problem?.message,
    "Some of the identifiers were rejected\nbad.test: Policy forbids issuing for name",
  );
  assert.equal(problem?.passing, false);
});

test("what is no problem document is told by its status; what is no failure is none", () => {
  assert.equal(problemFrom("<html>", 502, undefined, now)?.message, "HTTP status 502 without a reason");
  assert.equal(problemFrom({ status: "valid" }, 200, undefined, now), undefined);
  assert.equal(problemFrom({ type: "urn:x:dns", detail: "no such name" }, 0, undefined, now)?.type, "dns");
});

test("a fault passes, unless it asks for a pause or is a limit", () => {
  const passes = (status: number, type: string, retryAfter?: string) =>
    problemFrom({ type, detail: "x" }, status, retryAfter)?.passing;
  assert.equal(passes(500, "urn:a:serverInternal"), true);
  assert.equal(passes(503, "urn:a:serverInternal", "5"), true);
  assert.equal(passes(503, "urn:a:serverInternal", "3600"), false);
  assert.equal(passes(503, "urn:a:rateLimited"), false);
  assert.equal(passes(400, "urn:a:malformed"), false);
});

test("Retry-After is seconds or a date", () => {
  assert.equal(retryTime("120", now), now + 120_000);
  assert.equal(retryTime("Sun, 01 Nov 2026 01:00:00 GMT", now), now + 3_600_000);
  assert.equal(retryTime(undefined, now), 0);
  assert.equal(retryTime("soon", now), 0);
});
