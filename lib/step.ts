import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { contracts, type Input, type Output, type StateName } from "./contracts.ts";
import { ContractViolation, causeText, isTransient, TransientFault } from "./errors.ts";

/**
 * The one middy chain of all Task states: checks the input against the state's contract, logs one line
 * before and after, turns faults of AWS that may pass into TransientFault (which the machine retries),
 * and checks the output.
 */
export function step<N extends StateName>(
  name: N,
  act: (input: Input<N>, context: Context) => Promise<Output<N>>,
) {
  return handlerChain<unknown, unknown>()
    .use(oneLogLine(name))
    .use(transientFaults())
    .use(checkedBy(name))
    .handler((input, context) => act(input as Input<N>, context));
}

/**
 * A middy chain that leaves the time limit to Lambda. By default middy answers 5 ms early with an error while the
 * handler goes on: Lambda would freeze it and let it finish, minutes later, in the next invocation. Killed, it is over.
 */
export function handlerChain<Event, Result>() {
  return middy<Event, Result>({ timeoutEarlyInMillis: 0 });
}

function checkedBy(name: StateName): middy.MiddlewareObj<unknown, unknown> {
  return {
    before: (request) => {
      request.event = parse(name, "input", request.event);
    },
    after: (request) => {
      request.response = parse(name, "output", request.response);
    },
  };
}

function parse(name: StateName, side: "input" | "output", value: unknown): unknown {
  const result = contracts[name][side].safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join(".") || "it"}: ${issue.message}`);
  throw new ContractViolation(`The ${side} of ${name} is not what its contract says: ${issues.join("; ")}`);
}

/** Shared with the handlers that are no Task states (events, schedules). */
export function transientFaults(): middy.MiddlewareObj<unknown, unknown> {
  return {
    onError: ({ error }) => {
      if (isTransient(error))
        throw new TransientFault(`AWS did not answer as it should: ${causeText(error)}`);
    },
  };
}

/** One JSON line when a function begins and one when it ends; inputs and outputs hold no secrets. */
export function oneLogLine(name: string): middy.MiddlewareObj<unknown, unknown> {
  const line = (fields: Record<string, unknown>) => console.log(JSON.stringify({ step: name, ...fields }));
  return {
    before: ({ event }) => line({ at: "start", event }),
    after: ({ response }) => line({ at: "end", response }),
    onError: ({ error }) =>
      line({
        at: "error",
        error: error?.name,
        message: error?.message,
        stack: error?.stack?.split("\n").slice(1, 6),
      }),
  };
}
