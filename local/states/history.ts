import type { InterpretedEvent } from "./messages.ts";

/** An event before it gets its number and place in the history. */
export interface Details {
  readonly type: string;
  readonly [details: string]: unknown;
}

const whole = { truncated: false };

/**
 * What an event of the interpreter is called on AWS, and its details; undefined for those that AWS does not have.
 * Tasks add their own events. https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
 */
export function historyDetails(event: InterpretedEvent, roleArn: string): Details | undefined {
  const { state } = event;
  switch (event.type) {
    case "ExecutionStarted": {
      const executionStartedEventDetails = { input: json(event.input), inputDetails: whole, roleArn };
      return { type: "ExecutionStarted", executionStartedEventDetails };
    }
    case "StateEntered": {
      const details = { name: state?.name, input: json(state?.input), inputDetails: whole };
      return { type: `${state?.type ?? ""}StateEntered`, stateEnteredEventDetails: details };
    }
    case "StateExited": {
      const details = { name: state?.name, output: json(state?.output), outputDetails: whole };
      return { type: `${state?.type ?? ""}StateExited`, stateExitedEventDetails: details };
    }
    case "MapIterationStarted":
    case "MapIterationSucceeded":
    case "MapIterationFailed": {
      const member = `m${event.type.slice(1)}EventDetails`;
      return { type: event.type, [member]: { name: event.parentState?.name, index: event.index } };
    }
    case "ExecutionSucceeded": {
      const executionSucceededEventDetails = { output: json(event.output), outputDetails: whole };
      return { type: "ExecutionSucceeded", executionSucceededEventDetails };
    }
    case "ExecutionFailed":
      return {
        type: "ExecutionFailed",
        executionFailedEventDetails: { error: event.Error, cause: causeText(event) },
      };
    case "ExecutionTimeout":
      return { type: "ExecutionTimedOut", executionTimedOutEventDetails: {} };
    default:
      return undefined;
  }
}

/** The cause of a failure as text, whatever the interpreter made of it. */
export function causeText(event: InterpretedEvent): string {
  return typeof event.Cause === "string" ? event.Cause : json(event.Cause);
}

/** JSON text; what is no JSON value becomes null. */
export function json(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}
