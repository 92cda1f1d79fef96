import type { EventInput } from "../events/bus.ts";
import type { Execution, Machine } from "./types.ts";

/**
 * A change of an execution's status as Step Functions tells EventBridge of it.
 * https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
export function statusEvent(execution: Execution, machine: Machine): EventInput {
  return {
    source: "aws.states",
    detailType: "Step Functions Execution Status Change",
    resources: [execution.arn],
    detail: {
      executionArn: execution.arn,
      stateMachineArn: machine.arn,
      name: execution.name,
      status: execution.status,
      startDate: execution.started,
      stopDate: execution.stopped ?? null,
      input: execution.input,
      output: execution.output ?? null,
      error: execution.error ?? null,
      cause: execution.cause ?? null,
    },
  };
}
