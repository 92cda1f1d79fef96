import { tell } from "../lib/aws/notifications.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { tellMetrics } from "../lib/metrics.ts";
import { deploymentNotice } from "../lib/notices/deployment.ts";
import type { ObjectStore } from "../lib/objects.ts";
import { consolesOf } from "../lib/releases/object-keys.ts";
import type { Release } from "../lib/releases/records.ts";
import { readLive, releaseOf } from "../lib/releases/stored.ts";
import { siteName } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** Tells the subscribers how a deployment ended, from its release's record. */
export const handler = step("notify", async ({ execution, outcome, message }) => {
  const store = stateStore();
  const site = siteName();
  const opened = await releaseOf(store, execution);
  const live = (await readLive(store))?.value;
  const console = outcome === "failed" ? await lastConsole(store, opened) : undefined;
  const notice = deploymentNotice({ site, execution, outcome, message, opened, live, console });
  const subject = await tell(notice);
  // The alarm on failed executions rings for those alone that nobody has told.
  if (outcome === "failed") tellMetrics({ DeploymentFailuresTold: 1 });
  return { subject };
});

/** What the last machine of a release said before it was given up. */
async function lastConsole(store: ObjectStore, release: Release | undefined): Promise<string | undefined> {
  const last = release && (await store.list(consolesOf(release.number))).at(-1);
  return last === undefined ? undefined : (await store.get(last))?.body;
}
