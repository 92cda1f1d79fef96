import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Provider, Resource } from "../service.ts";
import { isObject, optionalText } from "../wire/members.ts";
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

/** Makes queues. Queue policies say who may send: in the local account everyone who is let through by IAM may. */
export function sqsProvider(messaging: Messaging, place: Place): Provider {
  return {
    types: ["AWS::SQS::Queue", "AWS::SQS::QueuePolicy"],
    honoured: { "AWS::SQS::Queue": ["QueueName", ...attributeNames] },
    async provision({ stack, logicalId, type, properties }: Resource) {
      if (type === "AWS::SQS::QueuePolicy") return { ref: logicalId, attributes: {} };
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
