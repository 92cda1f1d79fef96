import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  type HistoryEvent,
  ListExecutionsCommand,
  paginateGetExecutionHistory,
} from "@aws-sdk/client-sfn";
import { sfn } from "../../lib/aws/sfn-client.ts";

/** One run of a state machine; times in epoch milliseconds. */
export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly from: number;
  /** Undefined while it runs. */
  readonly to?: number;
}

/** One visit of a state; times in epoch milliseconds. */
export interface Visit {
  readonly state: string;
  readonly from: number;
  /** Undefined while the state is being run. */
  readonly to?: number;
  /** The JSON text that it ended with. */
  readonly output?: string;
}

/** How an execution stands, and what it ended with. */
export interface Outcome {
  readonly status: ExecutionStatus | undefined;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** Which executions are wanted: those that run, those that began at or after a time, the newest so many. */
export interface Wanted {
  readonly running?: boolean;
  /** Epoch milliseconds. */
  readonly since?: number;
  readonly count?: number;
}

/** The ARN of a state machine's execution of a name. */
export function executionArn(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
}

/** The executions of a state machine, newest first. */
export async function executionsOf(
  stateMachineArn: string,
  { running = false, since = 0, count = Number.POSITIVE_INFINITY }: Wanted = {},
): Promise<Execution[]> {
  const found: Execution[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sfn().send(
      new ListExecutionsCommand({
        stateMachineArn,
        maxResults: Math.min(count, 100),
        ...(running && { statusFilter: "RUNNING" }),
        ...(nextToken !== undefined && { nextToken }),
      }),
    );
    for (const { executionArn = "", name = "", status = "RUNNING", startDate, stopDate } of page.executions ??
      []) {
      const from = startDate?.getTime() ?? 0;
      // AWS lists the newest first.
      if (from < since || found.length >= count) return found;
      found.push({ arn: executionArn, name, status, from, ...(stopDate && { to: stopDate.getTime() }) });
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

/** The ARNs of the executions of a state machine that began at or after a time, oldest first. */
export async function executionsSince(stateMachineArn: string, since: number): Promise<string[]> {
  return (await executionsOf(stateMachineArn, { since })).map(({ arn }) => arn).reverse();
}

/** How an execution stands. Rejects with ExecutionDoesNotExist of the SDK, 90 days after it ended or before it began. */
export async function outcomeOf(executionArn: string): Promise<Outcome> {
  const { status, output, error, cause } = await sfn().send(new DescribeExecutionCommand({ executionArn }));
  return {
    status,
    ...(output !== undefined && { output }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

/** The states that an execution has visited, in order; none when AWS has forgotten it. */
export async function visitsOf(executionArn: string): Promise<Visit[]> {
  const events: HistoryEvent[] = [];
  try {
    for await (const page of paginateGetExecutionHistory(
      { client: sfn() },
      { executionArn, maxResults: 1000 },
    )) {
      events.push(...(page.events ?? []));
    }
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return [];
    throw error;
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

/** Bytes of the disk that a deployment really wrote, holes not counted, as its `start-import` said. Pure. */
export function importedBytes(visits: readonly Visit[]): number {
  const output = visits.findLast(({ state }) => state === "start-import")?.output;
  return output === undefined
    ? 0
    : (JSON.parse(output) as { import: { writtenBytes: number } }).import.writtenBytes;
}
