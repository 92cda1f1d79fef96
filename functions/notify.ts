import { PublishCommand } from "@aws-sdk/client-sns";
import { sns } from "../lib/aws/sns-client.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** SNS takes subjects of up to 100 ASCII characters, and messages of 256 KiB. */
const SUBJECT_CHARACTERS = 100;
const MESSAGE_BYTES = 200_000;

/** Tells the subscribers how a deployment ended. */
export const handler = step("notify", async ({ execution, outcome, release, message }) => {
  const site = setting("SITE_NAMES")[0] ?? setting("SITE_ADDRESS");
  const which = release === null ? "deployment" : `release ${release}`;
  const subject = `${site}: ${which} ${outcome === "live" ? "is live" : "failed, the site is unchanged"}`;
  await sns().send(
    new PublishCommand({
      TopicArn: setting("TOPIC"),
      Subject: subject.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, SUBJECT_CHARACTERS),
      Message: `${message}\n\nExecution: ${execution}\n`.slice(0, MESSAGE_BYTES),
    }),
  );
  return { subject };
});
