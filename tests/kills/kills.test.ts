import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane } from "./lane.ts";

/**
 * The local cloud killed in the middle of a deployment: two states here, each on a cloud of its own and at the same
 * time; all of them by `node tests/kills/table.ts`. Most of the time is the minute for which the dead owner's
 * functions are waited for.
 */
for (const [block, state] of [
  ["127.91.1", "move-address"],
  ["127.91.2", "commit"],
] as const) {
  test(`killed at ${state}, it ends with the uploaded content live`, {
    timeout: 500_000,
    concurrency: true,
  }, async (t) => {
    const lane = await Lane.open(block);
    try {
      const { status, seconds } = await lane.killAt(state);
      assert.equal(status, "ABORTED");
      t.diagnostic(`live and quiet ${seconds.toFixed(0)} s after the new start`);
    } finally {
      await lane.close();
    }
  });
}
