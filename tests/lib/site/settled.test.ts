import assert from "node:assert/strict";
import { test } from "node:test";
import { ABANDONED_UPLOAD_MS, isSettled, type Look, MARKER_KEY } from "../../../lib/site/settled.ts";

const now = Date.parse("2026-01-01T12:00:00.000Z");
const at = (second: number) => `2026-01-01T11:00:${String(second).padStart(2, "0")}.000Z`;
const look = (change: Partial<Look>): Look => ({
  listed: [{ key: "index.html", lastModified: at(10) }],
  listing: "a",
  previous: null,
  uploads: [],
  now,
  ...change,
});

test("one look settles nothing, two that saw the same do", () => {
  assert.equal(isSettled(look({})), false);
  assert.equal(isSettled(look({ previous: "b" })), false);
  assert.equal(isSettled(look({ previous: "a" })), true);
});

test("an open multipart upload keeps it waiting, an abandoned one does not", () => {
  const begun = (age: number) => look({ previous: "a", uploads: [now - age] });
  assert.equal(isSettled(begun(0)), false);
  assert.equal(isSettled(begun(ABANDONED_UPLOAD_MS)), false);
  assert.equal(isSettled(begun(ABANDONED_UPLOAD_MS + 1)), true);
  const both = look({ previous: "a", uploads: [now - 2 * ABANDONED_UPLOAD_MS, now - 1] });
  assert.equal(isSettled(both), false);
});

test("the marker settles at once when nothing is newer", () => {
  const marked = (second: number) =>
    look({
      listed: [
        { key: "index.html", lastModified: at(10) },
        { key: MARKER_KEY, lastModified: at(second) },
      ],
      uploads: [now],
    });
  assert.equal(isSettled(marked(11)), true);
  assert.equal(isSettled(marked(10)), true);
  assert.equal(isSettled(marked(9)), false);
});

test("an old marker does not keep a bucket from settling", () => {
  const listed = [
    { key: "index.html", lastModified: at(10) },
    { key: MARKER_KEY, lastModified: at(9) },
  ];
  assert.equal(isSettled(look({ listed, previous: "a" })), true);
});

test("an empty bucket settles like any other", () => {
  assert.equal(isSettled(look({ listed: [] })), false);
  assert.equal(isSettled(look({ listed: [], previous: "a" })), true);
});
