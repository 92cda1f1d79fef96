import assert from "node:assert/strict";
import { test } from "node:test";
import type { Release } from "../../../lib/releases/records.ts";
import { isValidFor, type Past, rollbackTarget, rollbackTargets } from "../../../lib/releases/rollback.ts";
import { archive, boot, certificate, digest, live, release } from "./records.fixtures.ts";

/** A release that was live with an archive of its own, or with that of a digit. */
function whole(number: number, digit = String(number), change: Partial<Release> = {}): Release {
  return release(number, {
    ...{ listing: digest(digit), archive: archive(digit), boot: boot("b"), certificate },
    ...{ image: { imageId: `ami-${number}`, snapshotId: `snap-${number}` }, instanceId: `i-${number}` },
    ...change,
  });
}
const restored = (number: number, to: number) =>
  release(number, { reason: "rollback", status: "restored", to });

function past(releases: Release[], of: number, keep = 9): Past {
  const { archive, boot } = releases.find(({ number }) => number === of) ?? {};
  return { live: live({ release: of, ...(archive && { archive }), ...(boot && { boot }) }), releases, keep };
}
const numbers = (one: Past) => rollbackTargets(one).map(({ number }) => number);

test("goes back to what was live last", () => {
  assert.deepEqual(numbers(past([whole(1), whole(2), whole(3)], 3)), [2, 1]);
  assert.deepEqual(numbers(past([whole(1), whole(2), whole(3), restored(4, 1)], 1)), [3, 2]);
  assert.deepEqual(numbers(past([whole(1), whole(2), restored(3, 1), whole(4)], 4)), [1, 2]);
  const back = [whole(1), whole(2), restored(3, 1), restored(4, 2)];
  assert.deepEqual(numbers(past(back, 2)), [1], "a rollback of a rollback");
  assert.deepEqual(numbers(past([...back, restored(5, 1)], 1)), [2], "A, B, A, B, A");
});

test("offers what is kept, and each content once", () => {
  assert.deepEqual(numbers(past([whole(1), whole(2), whole(3), whole(4)], 4, 2)), [3, 2]);
  assert.deepEqual(numbers(past([whole(1), whole(2, "1", { reason: "certificate" }), whole(3)], 3)), [2]);
  assert.deepEqual(numbers(past([whole(1), whole(2), whole(3, "2", { reason: "replace" })], 3)), [1]);
  const other = { ...boot("b"), digest: digest("f") };
  const rebuilt = whole(2, "1", { reason: "rebuild", boot: other });
  assert.deepEqual(numbers(past([whole(1), rebuilt], 2)), [1], "another program is another release");
});

test("a record that lacks something is no target", () => {
  const { image: _, ...broken } = whole(1);
  assert.deepEqual(numbers(past([broken, whole(2)], 2)), []);
});

test("nothing to do where the live release serves the same", () => {
  const renewed = past([whole(1), whole(2), whole(3, "2", { reason: "certificate" })], 3);
  assert.equal(rollbackTarget(renewed, 3), undefined);
  assert.equal(rollbackTarget(renewed, 2), undefined);
  assert.equal(rollbackTarget(renewed, 1)?.number, 1);
});

test("what cannot be gone back to is refused with the reason and the choice", () => {
  const failed = (number: number, status: Release["status"]) => release(number, { status });
  const all = [
    whole(1),
    whole(2),
    whole(3),
    failed(4, "failed"),
    failed(5, "unchanged"),
    failed(6, "preparing"),
  ];
  const refuses = (number: number, message: string) =>
    assert.throws(() => rollbackTarget(past(all, 3, 1), number), { name: "NotKept", message });
  const kept = "Kept beside the live one: 2.";
  refuses(1, `Release 1 is no longer kept. ${kept}`);
  refuses(4, `Release 4 failed and never became live. ${kept}`);
  refuses(5, `Release 5 served what was live already and has no machine of its own. ${kept}`);
  refuses(6, `Release 6 never became live. ${kept}`);
  refuses(7, `Release 7 does not exist. ${kept}`);
  assert.throws(() => rollbackTarget(past([whole(1)], 1), 2), /No other release is kept\.$/);
});

test("a certificate serves for its names, in its time, and for an hour yet", () => {
  const names = ["b.example", "a.example"];
  const one = {
    ...certificate,
    names: names.toReversed(),
    notBefore: "2026-01-01T00:00:00.000Z",
    notAfter: "2026-02-01T00:00:00.000Z",
  };
  const at = (time: string) => isValidFor(one, names, Date.parse(time));
  assert.equal(at("2026-01-15T00:00:00.000Z"), true);
  assert.equal(at("2025-12-31T23:59:59.000Z"), false);
  assert.equal(at("2026-01-31T22:59:59.000Z"), true);
  assert.equal(at("2026-01-31T23:00:00.000Z"), false);
  assert.equal(isValidFor(one, ["a.example"], Date.parse("2026-01-15T00:00:00.000Z")), false);
});
