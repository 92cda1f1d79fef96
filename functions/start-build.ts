import { keepObject } from "../lib/aws/bucket.ts";
import { startBuild } from "../lib/aws/builds.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { bootOf, buildDigest, readSource, sourceKey } from "../lib/disk/boot.ts";
import { readRelease } from "../lib/releases/stored.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/**
 * Finds the boot partition made from this version's sources, or has CodeBuild make it. The function
 * carries the zip of what CodeBuild needs; the build sees nothing else.
 */
export const handler = step("start-build", async ({ release }) => {
  const store = stateStore();
  const source = await readSource();
  const build = buildDigest(source, setting("BACKEND"));
  const forced = setting("BUILD") === "always" || (await readRelease(store, release))?.reason === "rebuild";
  const boot = forced ? undefined : await bootOf(store, build);
  if (boot !== undefined) return { done: true, build, boot };
  await keepObject(setting("STATE_BUCKET"), sourceKey(source), source, "application/zip");
  const buildId = await startBuild(
    build,
    sourceKey(source),
    `${setting("STACK")}-${release}-${build.slice(0, 16)}`,
  );
  return { done: false, build, buildId };
});
