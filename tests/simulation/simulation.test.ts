import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import type { Played } from "./play.ts";
import { playAll } from "./pool.ts";

const HISTORIES = 200;
const AT_ONCE = 40;
const threads = Math.min(2, availableParallelism());

async function play(seeds: Iterable<number>): Promise<Played[]> {
  const all: Played[] = [];
  await playAll(seeds, { threads, onPlayed: (played) => void all.push(played) });
  return all;
}

for (let from = 1; from < HISTORIES; from += AT_ONCE) {
  const last = from + AT_ONCE - 1;
  test(`no invariant is broken in the histories of seeds ${from} to ${last}`, async () => {
    const played = await play(Array.from({ length: AT_ONCE }, (_, i) => from + i));
    assert.equal(played.length, AT_ONCE);
    for (const { seed, violations } of played) {
      assert.deepEqual(
        violations,
        [],
        `npm run simulate -- --seeds 1 --from ${seed} tells how it came to this`,
      );
    }
  });
}

test("a seed replays exactly: the same trace, byte for byte, after other histories and in another thread", async () => {
  const again = await play([19, 8, 19, 3, 8, 3]);
  for (const seed of [3, 8, 19]) {
    const [first, second] = again.filter((played) => played.seed === seed);
    assert.ok((first?.trace.length ?? 0) > 100);
    assert.deepEqual(first?.trace, second?.trace);
    assert.equal(first?.digest, second?.digest);
  }
});
