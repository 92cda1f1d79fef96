import type { Directory } from "../iam/directory.ts";
import type { Judge } from "../iam/judge.ts";
import type { Functions } from "../lambda/functions.ts";
import type { Messaging } from "../sqs/messaging.ts";
import type { Engine } from "../states/engine.ts";
import type { Deliver, Sender } from "./bus.ts";
import type { Target } from "./targets.ts";

/** Where rules and schedules can send to, and what lets them. */
export interface DeliveryOptions {
  readonly messaging: Messaging;
  readonly functions: Functions;
  readonly iam: Directory;
  readonly judge: Judge;
  readonly log: (line: string) => void;
}

/** What sending to a service's things is called. */
const actions: Readonly<Record<string, string>> = {
  sqs: "sqs:SendMessage",
  lambda: "lambda:InvokeFunction",
  states: "states:StartExecution",
};

/** Brings inputs of rules and schedules to queues, functions and state machines. */
export class Delivery {
  /** Known only after the bus: executions put events on it themselves. */
  engine: Engine | undefined;
  private readonly options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.options = options;
  }

  /** Delivers an input; what cannot be delivered is told in the log, as a metric on AWS would. */
  readonly deliver: Deliver = (target, input, sender) => {
    const { messaging, functions, log } = this.options;
    const body = JSON.stringify(input);
    try {
      const service = target.arn.split(":")[2] ?? "";
      const action = actions[service];
      if (action === undefined) throw new Error(`the local cloud does not deliver to ${service}.`);
      this.mustBeAllowed(action, target, sender);
      if (service === "sqs") messaging.send(target.arn, body);
      else if (service === "lambda") functions.invokeLater(target.arn, body);
      else this.engine?.start(target.arn, undefined, body);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log(`${sender.arn} could not deliver to ${target.arn}: ${reason}`);
    }
  };

  /**
   * By the target's role; without one by the policy on the queue or function. State machines have no policies.
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
   */
  private mustBeAllowed(action: string, { arn, roleArn }: Target, sender: Sender): void {
    const { iam, judge } = this.options;
    if (roleArn === undefined) {
      if (judge.serviceMay(sender.service, action, arn, sender.arn)) return;
      throw new Error(`no policy on it lets ${sender.service} do ${action} for this rule or schedule.`);
    }
    if (iam.assume(roleArn, { service: sender.service, sourceArn: sender.arn }) === undefined)
      throw new Error(`${sender.service} cannot assume ${roleArn}.`);
    const refusal = judge.refusal(roleArn, action, arn);
    if (refusal !== undefined) throw new Error(refusal);
  }
}
