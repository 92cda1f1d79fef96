import { turnWorld } from "../lib/aws/deployments.ts";
import { step } from "../lib/step.ts";
import { firstRequest, takeTurn } from "../lib/turn.ts";

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
