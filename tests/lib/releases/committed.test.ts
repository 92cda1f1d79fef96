import assert from "node:assert/strict";
import { test } from "node:test";
import { isCommitted } from "../../../lib/releases/committed.ts";
import type { Live, Release } from "../../../lib/releases/records.ts";

const live = { release: 3, since: "2026-01-02T00:00:00.000Z" } as Live;
const record = (fields: Partial<Release>) =>
  ({ number: 5, startedAt: "2026-01-01T00:00:00.000Z", status: "preparing", ...fields }) as Release;

test("a record's release is committed when live.json names it, or the release that it brought back since", () => {
  assert.ok(isCommitted(record({ number: 3 }), live));
  assert.ok(isCommitted(record({ to: 3 }), live));
  assert.ok(
    !isCommitted(record({ to: 3, startedAt: "2026-01-03T00:00:00.000Z" }), live),
    "it was live before",
  );
  assert.ok(!isCommitted(record({ to: 2 }), live));
  assert.ok(!isCommitted(record({}), live));
  assert.ok(!isCommitted(record({ number: 3 }), undefined));
});
