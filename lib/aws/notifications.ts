import { PublishCommand } from "@aws-sdk/client-sns";
import { chatOf, type Notice, subjectOf, textOf } from "../notices/notice.ts";
import { setting } from "../settings.ts";
import { sns } from "./sns-client.ts";

/** Subscriptions that programs make; all others get the text. */
const programs = ["http", "https", "lambda", "sqs"];

/**
 * Tells the stack's subscribers, each in the form that its protocol is for, and returns the subject.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
 */
export async function tell(notice: Notice): Promise<string> {
  const chat = JSON.stringify(chatOf(notice));
  const forms = { default: textOf(notice), ...Object.fromEntries(programs.map((name) => [name, chat])) };
  const Subject = subjectOf(notice);
  await sns().send(
    new PublishCommand({
      TopicArn: setting("TOPIC"),
      Subject,
      MessageStructure: "json",
      Message: JSON.stringify(forms),
    }),
  );
  return Subject;
}
