import { paginateListSubscriptionsByTopic, type Subscription } from "@aws-sdk/client-sns";
import { sns } from "../../lib/aws/sns-client.ts";
import { physicalIds } from "./deployed.ts";
import { type Check, type Finding, ok, warning } from "./finding.ts";

/** Somebody is told of what happens: the e-mail address confirmed its subscription. */
export const subscription: Check = {
  name: "e-mail",
  async run({ deployed, parameters }) {
    const told = parameters.email ?? "";
    const nobody = warning(
      "Nobody is told when a deployment fails: the parameter email is empty.",
      "Deploy with --param=email=you@example.org.",
    );
    if (deployed === undefined)
      return [told === "" ? nobody : ok(`${told} is going to get a mail to confirm`)];
    const subscriptions: Subscription[] = [];
    for (const TopicArn of physicalIds(deployed, "AWS::SNS::Topic")) {
      for await (const page of paginateListSubscriptionsByTopic({ client: sns() }, { TopicArn }))
        subscriptions.push(...(page.Subscriptions ?? []));
    }
    return subscriptions.length === 0 ? [nobody] : subscriptions.map(judge);
  },
};

function judge({ Endpoint = "", SubscriptionArn }: Subscription): Finding {
  if (SubscriptionArn !== "PendingConfirmation") return ok(`${Endpoint} gets the notifications`);
  return warning(
    `${Endpoint} has not confirmed its subscription and gets no notification.`,
    'Follow the link in the mail "AWS Notification - Subscription Confirmation" (look among the spam). After three ' +
      "days it is void: deploy without email, then with it again.",
  );
}
