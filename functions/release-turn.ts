import { goRound } from "../lib/aws/deployments.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { step } from "../lib/step.ts";
import { consumeRequest, releaseTurn } from "../lib/turn.ts";

/** Crosses off the request that was worked off, lets go of the turn, and starts the next if requests wait. */
export const handler = step("release-turn", async ({ execution, request }) => {
  const store = stateStore();
  if (request !== null) await consumeRequest(store, request.key, request.etag);
  const waiting = await releaseTurn(store, execution);
  return waiting.length === 0 ? {} : { next: await goRound(execution) };
});
