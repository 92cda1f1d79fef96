import { appendFileSync } from "node:fs";
import type { Messaging } from "../sqs/messaging.ts";

/** A message that somebody published to a topic. */
export interface Notification {
  readonly topicArn: string;
  readonly messageId: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly published: number;
}

/**
 * Watches what is published: there is no mail here, so messages go to a file, a line of JSON each, and to the
 * listener, which is the terminal or a test.
 */
export function watchNotifications(
  messaging: Messaging,
  file: string,
  listener: (note: Notification) => void,
): void {
  const addMessage = (event: Record<string, unknown>): void => {
    if (event.service !== "sns") return;
    const note: Notification = {
      topicArn: String(event.topicArn),
      messageId: String(event.messageId),
      message: String(event.body),
      published: Number(event.timestamp),
    };
    appendFileSync(file, `${JSON.stringify(note)}\n`);
    listener(note);
  };
  // fauxqs tells a "spy" of each message and uses nothing but this method of it.
  Object.assign(messaging.topics, { spy: { addMessage } });
}
