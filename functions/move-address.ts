import { moveAddress } from "../lib/aws/address.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/** Moves the site's address to the machine that passed its probe. */
export const handler = step("move-address", async ({ execution, instanceId }) => {
  await assertTurn(stateStore(), execution);
  const { address, previous } = await moveAddress(instanceId);
  return { address, movedAt: new Date().toISOString(), ...(previous !== undefined && { previous }) };
});
