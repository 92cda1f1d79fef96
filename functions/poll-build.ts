import { objectStore } from "../lib/aws/bucket.ts";
import { hasBuilt } from "../lib/aws/builds.ts";
import { recordBoot } from "../lib/boot.ts";
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
  const boot = await recordBoot(objectStore(setting("STATE_BUCKET")), setting("STATE_BUCKET"), build);
  return { done: true, build, buildId, boot };
});
