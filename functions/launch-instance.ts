import { launchMachine } from "../lib/aws/machines.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { updateRelease } from "../lib/releases/stored.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/** Launches the release's machine, or finds the one that this attempt launched before. */
export const handler = step("launch-instance", async ({ execution, release, attempt, image }) => {
  const store = stateStore();
  await assertTurn(store, execution);
  const { instanceId, launchedAt } = await launchMachine(release, attempt, image.imageId);
  await updateRelease(store, release, { instanceId });
  return { instanceId, attempt, launchedAt: launchedAt.toISOString() };
});
