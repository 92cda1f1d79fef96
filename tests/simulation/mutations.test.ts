import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mutations } from "./mutations.ts";
import type { Played } from "./play.ts";
import { playAll } from "./pool.ts";

/** What shows that the simulator would see what goes wrong: the product with one fault put into its text. */
describe("deliberate faults are caught by the simulator", { concurrency: 2 }, () => {
  it("each has a name of its own", () => {
    assert.equal(new Set(mutations.map(({ name }) => name)).size, mutations.length);
  });

  for (const mutation of mutations) {
    it(`${mutation.name} (seed ${mutation.seed})`, async () => {
      const played: Played[] = [];
      await playAll([mutation.seed], { threads: 1, mutation, onPlayed: (one) => void played.push(one) });
      assert.match(played[0]?.violations[0] ?? "nothing was found", new RegExp(`^${mutation.breaks}: `));
    });
  }
});
