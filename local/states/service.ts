import type { Service } from "../service.ts";
import { AwsError } from "../service.ts";
import { optionalBoolean, optionalNumber, optionalText, text } from "../wire/members.ts";
import { paginate } from "../wire/pages.ts";
import { jsonService } from "../wire/services.ts";
import type { Engine } from "./engine.ts";
import type { Execution, ExecutionStatus, Machine } from "./types.ts";

/** Step Functions' API. Times are seconds since 1970 on the wire. */
export function statesService(engine: Engine): Service {
  return jsonService(
    ["states"],
    "1.0",
    {
      StartExecution: (input) => {
        const machineArn = text(input, "stateMachineArn");
        const execution = engine.start(
          machineArn,
          optionalText(input, "name"),
          optionalText(input, "input") ?? "{}",
        );
        return { executionArn: execution.arn, startDate: execution.started / 1000 };
      },
      StopExecution: (input) => {
        const arn = text(input, "executionArn");
        const execution = engine.stopExecution(
          arn,
          optionalText(input, "error"),
          optionalText(input, "cause"),
        );
        return { stopDate: (execution.stopped ?? Date.now()) / 1000 };
      },
      DescribeExecution: (input) => describe(engine.execution(text(input, "executionArn"))),
      ListExecutions: (input) => {
        const status = optionalText(input, "statusFilter") as ExecutionStatus | undefined;
        const all = engine.executionsOf(text(input, "stateMachineArn"), status);
        const { items, nextToken } = page(all, input);
        return { executions: items.map(summarise), nextToken };
      },
      GetExecutionHistory: (input) => {
        const all = engine.history(text(input, "executionArn"));
        if (optionalBoolean(input, "reverseOrder") === true) all.reverse();
        const { items, nextToken } = page(all, input);
        const withData = optionalBoolean(input, "includeExecutionData") ?? true;
        const events = items.map((event) => ({
          ...(withData ? event : bare(event)),
          timestamp: event.timestamp / 1000,
        }));
        return { events, nextToken };
      },
      DescribeStateMachine: (input) => {
        const machine = engine.machine(text(input, "stateMachineArn"));
        return {
          ...summary(machine),
          status: "ACTIVE",
          definition: machine.definitionText,
          roleArn: machine.roleArn,
        };
      },
      DescribeStateMachineForExecution: (input) => {
        const machine = engine.machine(engine.execution(text(input, "executionArn")).machineArn);
        return {
          stateMachineArn: machine.arn,
          name: machine.name,
          definition: machine.definitionText,
          roleArn: machine.roleArn,
          updateDate: machine.created / 1000,
        };
      },
      ListStateMachines: (input) => {
        const { items, nextToken } = page(engine.allMachines(), input);
        return { stateMachines: items.map(summary), nextToken };
      },
    },
    () => engine.stop(),
  );
}

function page<T>(
  all: readonly T[],
  input: Record<string, unknown>,
): { items: T[]; nextToken: string | undefined } {
  const limit = optionalNumber(input, "maxResults") ?? 100;
  if (limit < 0 || limit > 1000) throw new AwsError("ValidationException", "maxResults must be 0 to 1000.");
  return paginate(all, optionalText(input, "nextToken"), limit === 0 ? 100 : limit);
}

function summary(machine: Machine): Record<string, unknown> {
  return {
    stateMachineArn: machine.arn,
    name: machine.name,
    type: "STANDARD",
    creationDate: machine.created / 1000,
  };
}

function summarise(execution: Execution): Record<string, unknown> {
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status: execution.status,
    startDate: execution.started / 1000,
    stopDate: execution.stopped === undefined ? undefined : execution.stopped / 1000,
  };
}

function describe(execution: Execution): Record<string, unknown> {
  const { input, output, error, cause } = execution;
  const included = { included: true };
  const outputDetails = output === undefined ? undefined : included;
  return { ...summarise(execution), input, inputDetails: included, output, outputDetails, error, cause };
}

/** An event without what states and tasks passed on. */
function bare(event: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(event, (key, value: unknown) => (key === "input" || key === "output" ? undefined : value)),
  ) as Record<string, unknown>;
}
