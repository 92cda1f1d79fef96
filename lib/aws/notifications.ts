import { PublishCommand } from "@aws-sdk/client-sns";
import { setting } from "../settings.ts";
import { sns } from "./sns-client.ts";

/** SNS takes subjects of up to 100 ASCII characters, and messages of 256 KiB. */
const SUBJECT_CHARACTERS = 100;
const MESSAGE_BYTES = 200_000;

/** Sends a message to the stack's subscribers; what does not fit is cut off. */
export async function tell(subject: string, message: string): Promise<void> {
  await sns().send(
    new PublishCommand({
      TopicArn: setting("TOPIC"),
      Subject: subject.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, SUBJECT_CHARACTERS),
      Message: message.slice(0, MESSAGE_BYTES),
    }),
  );
}
