import { hasBuilt } from "../lib/aws/builds.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { recordBoot } from "../lib/disk/boot.ts";
import { lookPatiently } from "../lib/patience.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** Looks whether the build has ended; a good one is recorded under the digest of its inputs. */
export const handler = step("poll-build", async ({ build, buildId }) => {
  const built = await lookPatiently(
    () => hasBuilt(buildId),
    (over) => over,
  );
  if (!built) return { done: false, build, buildId };
  const boot = await recordBoot(stateStore(), setting("STATE_BUCKET"), build);
  return { done: true, build, buildId, boot };
});
