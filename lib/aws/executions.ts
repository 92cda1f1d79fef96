import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import type { OwnerLife } from "../turn.ts";
import { sfn } from "./sfn-client.ts";

/** Whether an execution runs and, if not, when it ended. One that AWS has forgotten ended long ago. */
export async function executionLife(executionArn: string): Promise<OwnerLife> {
  try {
    const execution = await sfn().send(new DescribeExecutionCommand({ executionArn }));
    if (execution.status === "RUNNING" || execution.status === "PENDING_REDRIVE") return { running: true };
    return { running: false, endedAt: execution.stopDate?.getTime() ?? 0 };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return { running: false, endedAt: 0 };
    throw error;
  }
}

/** Starts an execution under a name that stands for its cause: starting it twice starts it once. */
export async function startExecution(stateMachineArn: string, name: string, input: unknown): Promise<void> {
  try {
    await sfn().send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
  } catch (error) {
    if (!(error instanceof ExecutionAlreadyExists)) throw error;
  }
}
