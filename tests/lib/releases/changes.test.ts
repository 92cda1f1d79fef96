import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PackedObject, PackRecord } from "../../../lib/archive/pack-record.ts";
import { changesSince, noChanges } from "../../../lib/releases/changes.ts";
import { changesSchema } from "../../../lib/releases/records.ts";
import { digest } from "./records.fixtures.ts";

const file = (key: string, size: number, version = "a"): PackedObject => ({
  ...{ key, size, digest: digest(version) },
});
const record = (objects: PackedObject[], rules?: PackRecord["rules"]): PackRecord => ({
  ...{ version: 1, encoder: "x", objects, rules },
});
const nothing = { files: 0, bytes: 0, first: [] };

test("added, changed and removed files are counted apart, with their bytes and their names in byte order", () => {
  const before = record([file("a.html", 10), file("b.html", 20), file("gone.css", 7), file("same.js", 1)]);
  const after = record([
    file("same.js", 1),
    file("b.html", 25, "b"),
    file("new.png", 100),
    file("a2.html", 3),
  ]);
  assert.deepEqual(changesSince(4, before, after), {
    since: 4,
    added: { files: 2, bytes: 103, first: ["a2.html", "new.png"] },
    changed: { files: 1, bytes: 25, first: ["b.html"] },
    removed: { files: 2, bytes: 17, first: ["a.html", "gone.css"] },
  });
});

test("before the first release everything is added, the rule files too", () => {
  const after = record([file("index.html", 5)], [file("_redirects", 9)]);
  const added = { files: 2, bytes: 14, first: ["_redirects", "index.html"] };
  assert.deepEqual(changesSince(undefined, undefined, after), { added, changed: nothing, removed: nothing });
});

test("nothing is said when nothing is known of what was live before", () => {
  assert.equal(changesSince(3, undefined, record([file("index.html", 5)])), undefined);
});

test("the same bytes with another Cache-Control are a change", () => {
  const [was, is] = [file("a.js", 5), { ...file("a.js", 5), cacheControl: "no-store" }];
  assert.equal(changesSince(1, record([was]), record([is]))?.changed.files, 1);
});

test("a record that tells no rule files gives none: the same file is not new", () => {
  const rules = [file("_headers", 9)];
  assert.deepEqual(changesSince(1, record([]), record([], rules)), noChanges(1));
  assert.deepEqual(changesSince(1, record([], rules), record([])), noChanges(1));
  assert.equal(changesSince(1, record([], []), record([], rules))?.added.files, 1);
});

test("at most twenty names of each kind are kept", () => {
  const many = Array.from({ length: 300 }, (_, i) => file(`${i}.html`, 1));
  const { added } = changesSince(1, record([]), record(many)) ?? noChanges(1);
  assert.deepEqual([added.files, added.bytes, added.first.length], [300, 300, 20]);
});

test("any two sites: what is counted leads from the one to the other", () => {
  const site = fc.dictionary(fc.constantFrom("a", "b", "c", "ü", "😀", "\ue000"), fc.constantFrom("1", "2"));
  fc.assert(
    fc.property(site, site, (one, two) => {
      const of = (files: Record<string, string>) =>
        record(Object.entries(files).map(([key, version]) => file(key, 1, version)));
      const changes = changesSchema.parse(changesSince(1, of(one), of(two)));
      const keys = (wanted: (key: string) => boolean) =>
        [...new Set([...Object.keys(one), ...Object.keys(two)])].filter(wanted).sort();
      assert.deepEqual(
        changes.added.first.toSorted(),
        keys((key) => !(key in one)),
      );
      assert.deepEqual(
        changes.removed.first.toSorted(),
        keys((key) => !(key in two)),
      );
      assert.deepEqual(
        changes.changed.first.toSorted(),
        keys((key) => key in one && key in two && one[key] !== two[key]),
      );
    }),
  );
});
