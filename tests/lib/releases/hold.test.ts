import assert from "node:assert/strict";
import { test } from "node:test";
import { heldAfter, isContentDue } from "../../../lib/releases/hold.ts";
import type { Reason, Refused } from "../../../lib/releases/records.ts";
import { digest, live } from "./records.fixtures.ts";

const since = "2026-02-01T00:00:00.000Z";
const [a, b, c] = [digest("a"), digest("b"), digest("c")];
const after = (before: Parameters<typeof heldAfter>[0], reason: Reason, listing: string) =>
  heldAfter(before, { reason, listing, since });

test("a rollback holds the site against what was live before", () => {
  const held = { listing: b, release: 2, since };
  assert.deepEqual(after(live({ release: 2, listing: b }), "rollback", a), held);
});

test("a rollback from a held release goes on holding it against what the bucket has", () => {
  const held = { listing: c, release: 3, since: "2026-01-15T00:00:00.000Z" };
  const before = live({ release: 2, listing: b, held });
  assert.deepEqual(after(before, "rollback", a), { listing: c, release: 3, since });
  assert.equal(after(before, "rollback", c), undefined, "back at what the bucket has");
});

test("content ends it; a certificate, a rebuild and a new machine do not, and begin none", () => {
  const held = { listing: b, release: 2, since };
  const before = live({ listing: a, held });
  assert.equal(after(before, "content", c), undefined);
  for (const reason of ["certificate", "rebuild", "replace"] as const) {
    assert.deepEqual(after(before, reason, a), held);
    assert.equal(after(live({ listing: a }), reason, a), undefined);
  }
  assert.equal(after(undefined, "content", a), undefined);
});

test("what the bucket lists is due unless it is live, held off or refused", () => {
  const now = Date.parse("2026-03-01T00:00:00.000Z");
  const held = live({ listing: a, held: { listing: b, release: 2, since } });
  const failed = (at: string): Refused => ({
    listing: c,
    error: "e",
    cause: "c",
    at,
    times: 1,
    content: false,
  });
  assert.equal(isContentDue(a, undefined, undefined, now), true);
  assert.equal(isContentDue(a, held, undefined, now), false, "it is live");
  assert.equal(isContentDue(b, held, undefined, now), false, "a rollback holds it off");
  assert.equal(isContentDue(c, held, undefined, now), true, "it came after the rollback");
  assert.equal(isContentDue(c, held, failed("2026-01-31T00:00:00.000Z"), now), false, "it failed before");
  assert.equal(isContentDue(c, held, failed("2026-02-02T00:00:00.000Z"), now), true, "it failed after");
  assert.equal(isContentDue(c, live(), failed("2026-01-31T00:00:00.000Z"), now), true);
  assert.equal(isContentDue(c, live(), { ...failed(since), content: true }, now), false, "it is refused");
});
