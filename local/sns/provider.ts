import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Judge } from "../iam/judge.ts";
import type { Provider, Resource } from "../service.ts";
import type { Messaging } from "../sqs/messaging.ts";
import { objects, optionalText, text, texts } from "../wire/members.ts";

/** Makes topics and subscriptions; the latter are listed, and those of queues are served. Lays policies on topics. */
export function snsProvider(messaging: Messaging, place: Place, judge: Judge): Provider {
  const subscribe = (topicArn: string, protocol: string, endpoint: string): string => {
    const { subscriptions } = messaging.topics.listSubscriptionsByTopic(topicArn);
    const known = subscriptions.find((one) => one.protocol === protocol && one.endpoint === endpoint);
    const made = known ?? messaging.topics.subscribe(topicArn, protocol, endpoint);
    return made?.arn ?? "PendingConfirmation";
  };
  return {
    honoured: {
      "AWS::SNS::Topic": ["TopicName", "Subscription.Protocol", "Subscription.Endpoint"],
      "AWS::SNS::TopicPolicy": ["Topics", "PolicyDocument"],
      "AWS::SNS::Subscription": ["TopicArn", "Protocol", "Endpoint"],
    },
    async provision({ stack, logicalId, type, properties }: Resource) {
      if (type === "AWS::SNS::TopicPolicy") {
        for (const topicArn of texts(properties, "Topics")) judge.lay(topicArn, properties.PolicyDocument);
        return { ref: logicalId, attributes: {} };
      }
      if (type === "AWS::SNS::Subscription") {
        const endpoint = optionalText(properties, "Endpoint") ?? "";
        const ref = subscribe(text(properties, "TopicArn"), text(properties, "Protocol"), endpoint);
        return { ref, attributes: {} };
      }
      const name = optionalText(properties, "TopicName") ?? `${stack}-${logicalId}`;
      const topicArn = arn(place, "sns", name);
      if (messaging.topics.getTopic(topicArn) === undefined) {
        messaging.topics.createTopic(name, undefined, undefined, place.region);
      }
      for (const one of objects(properties, "Subscription")) {
        subscribe(topicArn, text(one, "Protocol"), text(one, "Endpoint"));
      }
      return { ref: topicArn, attributes: { TopicArn: topicArn, TopicName: name } };
    },
  };
}
