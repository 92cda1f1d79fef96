import assert from "node:assert/strict";
import { test } from "node:test";
import { changesBetween } from "../../../lib/site/changes.ts";

const file = (key: string, size: number, digest = "d") => ({ key, size, digest });

test("what was added, changed and removed, and by how much the site grew", () => {
  const before = [file("a", 10), file("b", 20), file("c", 30)];
  const after = [file("a", 10), file("b", 25, "e"), file("d", 7)];
  assert.deepEqual(changesBetween(before, after), {
    added: ["d"],
    changed: ["b"],
    removed: ["c"],
    bytes: -18,
  });
});

test("of the first release everything is new", () => {
  assert.deepEqual(changesBetween([], [file("a", 10)]), {
    added: ["a"],
    changed: [],
    removed: [],
    bytes: 10,
  });
});
