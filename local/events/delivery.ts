import type { Functions } from "../lambda/functions.ts";
import type { Messaging } from "../sqs/messaging.ts";
import type { Engine } from "../states/engine.ts";

/** Where rules and schedules can send to. */
export interface DeliveryOptions {
  readonly messaging: Messaging;
  readonly functions: Functions;
  readonly log: (line: string) => void;
}

/** Brings inputs of rules and schedules to queues, functions and state machines. */
export class Delivery {
  /** Known only after the bus: executions put events on it themselves. */
  engine: Engine | undefined;
  private readonly options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.options = options;
  }

  /** Delivers an input; what cannot be delivered is told in the log, as a metric on AWS would. */
  readonly deliver = (targetArn: string, input: unknown, source: string): void => {
    const { messaging, functions, log } = this.options;
    const body = JSON.stringify(input);
    try {
      const service = targetArn.split(":")[2];
      if (service === "sqs") messaging.send(targetArn, body);
      else if (service === "lambda") functions.invokeLater(targetArn, body);
      else if (service === "states") this.engine?.start(targetArn, undefined, body);
      else throw new Error(`the local cloud does not deliver to ${service ?? "it"}.`);
    } catch (error) {
      log(
        `${source} could not deliver to ${targetArn}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
}
