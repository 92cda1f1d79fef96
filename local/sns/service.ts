import type { IncomingMessage, ServerResponse } from "node:http";
import { AwsError, readBody, type Service } from "../service.ts";
import type { Messaging } from "../sqs/messaging.ts";
import type { Notification } from "./notifications.ts";

/** What a call of Publish says, as each kind of subscriber gets it. */
export type Published = Omit<Notification, "published">;

/**
 * SNS: fauxqs, and before it what that does not know of Publish: what AWS refuses of a subject, and
 * messages with a form for each protocol, of which queues get theirs.
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function snsService(messaging: Messaging, published: (note: Published) => void): Service {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams((await readBody(request)).toString("utf8"));
    const publish = form.get("Action") === "Publish";
    const forms = publish ? formsOf(form) : undefined;
    if (forms !== undefined) form.set("Message", forms.sqs ?? forms.default);
    form.delete("MessageStructure");
    const { url, headers } = request;
    const answer = await messaging.answer({ url: url ?? "/", headers, body: form.toString() });
    if (forms !== undefined && answer.status === 200) {
      const { email, default: text, sqs } = forms;
      const subject = form.get("Subject");
      published({
        topicArn: form.get("TopicArn") ?? "",
        messageId: /<MessageId>(.*?)<\/MessageId>/.exec(answer.body)?.[1] ?? "",
        message: email ?? text,
        ...(subject !== null && { subject }),
        ...(sqs !== undefined && { json: sqs }),
      });
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  };
  return { names: ["sns"], protocol: "query", handle };
}

interface Forms {
  readonly default: string;
  readonly email?: string;
  readonly sqs?: string;
}

/** The message for each protocol. Throws InvalidParameter as SNS does. */
function formsOf(form: URLSearchParams): Forms {
  const subject = form.get("Subject");
  if (subject !== null && !/^[!-~][ -~]{0,98}$/.test(subject)) throw invalid("Subject");
  const message = form.get("Message") ?? "";
  const structure = form.get("MessageStructure");
  if (structure === null) return { default: message };
  if (structure !== "json") throw invalid("MessageStructure");
  const parsed = parse(message);
  if (typeof parsed?.default !== "string")
    throw invalid("Message Structure - No default entry in JSON message body");
  const texts = Object.entries(parsed).filter(([, text]) => typeof text === "string");
  return { default: parsed.default, ...(Object.fromEntries(texts) as Partial<Forms>) };
}

function parse(message: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    throw invalid("Message Structure - JSON message body failed to parse");
  }
}

const invalid = (what: string) => new AwsError("InvalidParameter", `Invalid parameter: ${what}`, 400);
