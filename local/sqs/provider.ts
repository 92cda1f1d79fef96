import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Judge } from "../iam/judge.ts";
import type { Provider, Resource } from "../service.ts";
import { isObject, optionalText, texts } from "../wire/members.ts";
import type { Messaging } from "./messaging.ts";

const attributeNames = [
  "VisibilityTimeout",
  "DelaySeconds",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "ReceiveMessageWaitTimeSeconds",
  "RedrivePolicy",
  "RedriveAllowPolicy",
  "FifoQueue",
  "ContentBasedDeduplication",
  "SqsManagedSseEnabled",
];

/** These a queue only tells: nothing here is encrypted or waits for days. */
const kept = ["MessageRetentionPeriod", "SqsManagedSseEnabled"];

/** Makes queues, and lays policies on them: they say which services may send. */
export function sqsProvider(messaging: Messaging, place: Place, judge: Judge): Provider {
  return {
    honoured: {
      "AWS::SQS::Queue": ["QueueName", ...attributeNames.filter((name) => !kept.includes(name))],
      "AWS::SQS::QueuePolicy": ["Queues", "PolicyDocument"],
    },
    async provision({ stack, logicalId, type, properties }: Resource) {
      if (type === "AWS::SQS::QueuePolicy") {
        for (const url of texts(properties, "Queues"))
          judge.lay(arn(place, "sqs", url.split("/").at(-1) ?? ""), properties.PolicyDocument);
        return { ref: logicalId, attributes: {} };
      }
      const suffix = properties.FifoQueue === true ? ".fifo" : "";
      const name = optionalText(properties, "QueueName") ?? `${stack}-${logicalId}${suffix}`;
      const attributes: Record<string, string> = {};
      for (const attribute of attributeNames) {
        const value = properties[attribute];
        if (value !== undefined)
          attributes[attribute] = isObject(value) ? JSON.stringify(value) : String(value);
      }
      messaging.ensureQueue(name, attributes);
      const url = messaging.queueUrl(name);
      return { ref: url, attributes: { Arn: arn(place, "sqs", name), QueueName: name, QueueUrl: url } };
    },
  };
}
