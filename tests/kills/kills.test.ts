import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { StateName } from "../../lib/contracts.ts";
import { root } from "../kit/package.ts";
import { Lane } from "./lane.ts";
import { plays } from "./plays.ts";

/**
 * The local cloud killed in the middle of its work, and started again: in each of these states what is left half-done
 * lies somewhere else. `npm run kills` does it in all states, which takes minutes.
 */
const states: readonly StateName[] = [
  "start-import",
  "move-address",
  "commit",
  "retire",
  "deploy-certificate",
];

describe("the local cloud killed by SIGKILL", { timeout: 500_000 }, () => {
  let lane: Lane;
  before(async () => {
    lane = await Lane.open("127.91.1", false);
  });
  after(() => lane?.close());

  for (const state of states) {
    it(`at ${state}: ends with what was asked for live, and nothing left over`, async (t) => {
      const { seconds } = await lane.play(state);
      t.diagnostic(`live and at rest ${seconds.toFixed(0)} s after the new start`);
    });
  }
});

it("every Task state of the state machines can be played", async () => {
  const declared: string[] = [];
  for (const machine of ["deploy", "retire", "certificate"]) {
    const definition = await readFile(`${root}/statemachine/${machine}.asl.yaml`, "utf8");
    declared.push(...[...definition.matchAll(/Resource: !GetAtt (.+)\.Arn/g)].map(([, state = ""]) => state));
  }
  assert.deepEqual(Object.keys(plays).sort(), declared.sort());
});
