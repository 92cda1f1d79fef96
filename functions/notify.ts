import { tell } from "../lib/aws/notifications.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** Tells the subscribers how a deployment ended. */
export const handler = step("notify", async ({ execution, outcome, release, message }) => {
  const site = setting("SITE_NAMES")[0] ?? setting("SITE_ADDRESS");
  const which = release === null ? "deployment" : `release ${release}`;
  const subject = `${site}: ${which} ${outcome === "live" ? "is live" : "failed, the site is unchanged"}`;
  await tell(subject, `${message}\n\nExecution: ${execution}\n`);
  return { subject };
});
