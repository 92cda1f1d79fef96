import {
  DescribeExecutionCommand,
  type ExecutionStatus,
  type HistoryEvent,
  ListExecutionsCommand,
  paginateGetExecutionHistory,
} from "@aws-sdk/client-sfn";
import { sfn } from "../lib/aws/sfn-client.ts";

/** One visit of a state; times in epoch milliseconds. */
export interface Visit {
  readonly state: string;
  readonly from: number;
  /** Undefined while the state is being run. */
  readonly to?: number;
  /** The JSON text that it ended with. */
  readonly output?: string;
}

export interface Outcome {
  readonly status: ExecutionStatus | undefined;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** The executions of a state machine that began after a time, oldest first. */
export async function executionsSince(stateMachineArn: string, since: number): Promise<string[]> {
  const { executions } = await sfn().send(new ListExecutionsCommand({ stateMachineArn, maxResults: 100 }));
  return (executions ?? [])
    .filter(({ startDate }) => (startDate?.getTime() ?? 0) >= since)
    .map(({ executionArn }) => executionArn ?? "")
    .reverse();
}

export async function outcomeOf(executionArn: string): Promise<Outcome> {
  const { status, output, error, cause } = await sfn().send(new DescribeExecutionCommand({ executionArn }));
  return {
    status,
    ...(output !== undefined && { output }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

/** The states that an execution has visited, in order. */
export async function visitsOf(executionArn: string): Promise<Visit[]> {
  const events: HistoryEvent[] = [];
  for await (const page of paginateGetExecutionHistory(
    { client: sfn() },
    { executionArn, maxResults: 1000 },
  )) {
    events.push(...(page.events ?? []));
  }
  return asVisits(events);
}

/** Pairs "entered" with "exited"; the machine has no parallel branches, so one follows the other. Pure. */
export function asVisits(events: readonly HistoryEvent[]): Visit[] {
  const visits: Visit[] = [];
  for (const event of events) {
    const at = event.timestamp?.getTime() ?? 0;
    const open = visits.at(-1);
    const entered = event.stateEnteredEventDetails?.name;
    if (
      (entered !== undefined || event.stateExitedEventDetails) &&
      open !== undefined &&
      open.to === undefined
    ) {
      const output = event.stateExitedEventDetails?.output;
      visits[visits.length - 1] = { ...open, to: at, ...(output !== undefined && { output }) };
    }
    if (entered !== undefined) visits.push({ state: entered, from: at });
  }
  return visits;
}

/** Bytes of the disk that an execution really wrote, holes not counted, as its `start-import` said. */
export async function importedBytes(executionArn: string): Promise<number> {
  for await (const page of paginateGetExecutionHistory(
    { client: sfn() },
    { executionArn, maxResults: 1000 },
  )) {
    const exited = page.events?.find(
      ({ stateExitedEventDetails }) => stateExitedEventDetails?.name === "start-import",
    );
    const output = exited?.stateExitedEventDetails?.output;
    if (output !== undefined)
      return (JSON.parse(output) as { import: { writtenBytes: number } }).import.writtenBytes;
  }
  return 0;
}
