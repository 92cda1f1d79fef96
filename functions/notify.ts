import { tell } from "../lib/aws/notifications.ts";
import { siteName } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** Tells the subscribers how a deployment ended. */
export const handler = step("notify", async ({ execution, outcome, release, message }) => {
  const site = siteName();
  const which = release === null ? "deployment" : `release ${release}`;
  const subject = `${site}: ${which} ${outcome === "live" ? "is live" : "failed, the site is unchanged"}`;
  await tell(subject, `${message}\n\nExecution: ${execution}\n`);
  return { subject };
});
