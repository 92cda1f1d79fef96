import { z } from "zod";
import { turnWorld } from "../lib/aws/deployments.ts";
import type { Request } from "../lib/contracts.ts";
import { getJson, type ObjectStore } from "../lib/objects.ts";
import { reasonSchema } from "../lib/records.ts";
import { step } from "../lib/step.ts";
import { REQUESTS_PREFIX, takeTurn } from "../lib/turn.ts";

/** What a person asked for comes first, a dead machine next, then what can wait for a build. */
const ORDER = ["rollback", "replace", "content", "certificate", "rebuild"] as const;

/** Takes the turn and picks the request to work off. */
export const handler = step("take-turn", async ({ execution }) => {
  const world = turnWorld();
  const turn = await takeTurn(world, execution);
  if (turn.taken) {
    const request = await firstRequest(world.store);
    return request === undefined
      ? { turn: "idle", request: null, message: "No request waits; there is nothing to do." }
      : { turn: "taken", request, message: `Working off: ${request.kind}` };
  }
  if (turn.waitSeconds !== undefined) {
    const message = `The turn's last owner died: ${turn.owner}. Taking over in ${turn.waitSeconds} s.`;
    return { turn: "wait", request: null, waitSeconds: turn.waitSeconds, message };
  }
  const message = `The turn is held by ${turn.owner}, which will work off the request.`;
  return { turn: "elsewhere", request: null, message };
});

async function firstRequest(store: ObjectStore): Promise<Request | undefined> {
  const waiting: Request[] = [];
  for (const key of await store.list(REQUESTS_PREFIX)) {
    const request = await getJson(store, key, z.object({ kind: reasonSchema }));
    if (request !== undefined) waiting.push({ kind: request.value.kind, key, etag: request.etag });
  }
  return waiting.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))[0];
}
