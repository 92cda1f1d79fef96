import { appendFileSync } from "node:fs";
import type { Published } from "./service.ts";

/** A message that somebody published to a topic. */
export interface Notification {
  readonly topicArn: string;
  readonly messageId: string;
  readonly subject?: string;
  /** As mail has it. */
  readonly message: string;
  /** As programs get it, where that is another form. */
  readonly json?: string;
  /** Milliseconds since 1970. */
  readonly published: number;
}

/** There is no mail here: messages go to a file, a line of JSON each, and to the listener (the terminal, a test). */
export function keepNotifications(
  file: string,
  listener: (note: Notification) => void,
): (note: Published) => void {
  return (published) => {
    const note: Notification = { ...published, published: Date.now() };
    appendFileSync(file, `${JSON.stringify(note)}\n`);
    listener(note);
  };
}
