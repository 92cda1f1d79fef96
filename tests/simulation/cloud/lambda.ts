import type { InvocationError, InvocationResult } from "../../../local/lambda/types.ts";
import { AwsError } from "../../../local/service.ts";
import type { Clock } from "../world/clock.ts";
import { type Life, within } from "../world/life.ts";

/** What happens to one invocation beside what it does itself. */
export interface InvocationFault {
  /** Lambda refuses it before it runs. */
  readonly refused?: string | undefined;
  /** The caller hears of a failure although it runs on. */
  readonly unheard?: boolean | undefined;
  /** It is run a second time with the same event, so many seconds after its start. */
  readonly againAfter?: number | undefined;
}

/** A function of the stack. */
export interface SimulatedFunction {
  readonly handler: (event: unknown, context: never) => unknown;
  readonly timeoutSeconds: number;
}

/** Characters of what a function returns that the trace shows. */
const SHOWN = 160;

/** One run of one function, as long as it lives. */
export class Invocation implements Life {
  ended = false;
  readonly name: string;
  readonly number: number;
  /** The execution that its event names. */
  readonly execution: string | undefined;
  /** Epoch milliseconds of its invocation. */
  readonly startedAt = Date.now();
  readonly #kill: (error: InvocationError) => void;

  constructor(
    name: string,
    number: number,
    execution: string | undefined,
    kill: (error: InvocationError) => void,
  ) {
    this.name = name;
    this.number = number;
    this.execution = execution;
    this.#kill = kill;
  }

  /** Ends its process: nothing that it began goes on. */
  kill(how = "signal: killed"): void {
    if (this.ended) return;
    this.ended = true;
    const errorMessage = `RequestId: ${this.number} Error: Runtime exited with error: ${how}`;
    this.#kill({ errorType: "Runtime.ExitError", errorMessage });
  }

  /** Ends it at its time limit. */
  timeOut(seconds: number): void {
    if (this.ended) return;
    this.ended = true;
    const errorMessage = `RequestId: ${this.number} Error: Task timed out after ${seconds.toFixed(2)} seconds`;
    this.#kill({ errorType: "Sandbox.Timedout", errorMessage });
  }
}

export interface LambdaOptions {
  readonly clock: Clock;
  readonly functions: ReadonlyMap<string, SimulatedFunction>;
  /** Seconds until a process runs the handler. */
  readonly startSeconds: () => number;
  readonly fault: (name: string, execution: string | undefined) => InvocationFault;
  readonly trace: (line: string) => void;
  /** Told of every run that came to its end by itself. */
  readonly onReturn: (invocation: Invocation, event: unknown, result: unknown) => void;
}

/** Lambda in this thread: every invocation is a life of its own that can be killed at any call. */
export class Lambda {
  readonly #options: LambdaOptions;
  #invocations = 0;

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  /** A function by its ARN. */
  find(arn: string): { readonly arn: string } {
    return { arn };
  }

  /** Invokes a function by name or ARN, waiting for its end. Throws what Lambda itself refuses. */
  async invoke(nameOrArn: string, payload: string): Promise<InvocationResult> {
    const { clock, fault, trace } = this.#options;
    const name = nameOrArn.split(":").at(-1) ?? "";
    const { refused, unheard, againAfter } = fault(name, executionOf(JSON.parse(payload)));
    if (refused !== undefined) {
      trace(`${name}: Lambda refuses the invocation with ${refused}`);
      throw new AwsError(refused, "Lambda was told to fail.", 500);
    }
    const run = this.#run(name, payload);
    if (againAfter !== undefined)
      clock.after(againAfter * 1000, () => void this.#run(name, payload, "again"));
    if (unheard === true) {
      await clock.sleep(500);
      trace(`${name}: its caller hears of a failure, but it runs on`);
      throw new AwsError("ServiceException", "The connection to Lambda broke.", 500);
    }
    return run;
  }

  async #run(name: string, payload: string, how = "starts"): Promise<InvocationResult> {
    const { clock, functions, startSeconds, trace, onReturn } = this.#options;
    const found = functions.get(name);
    if (found === undefined)
      throw new AwsError("ResourceNotFoundException", `There is no function ${name}.`, 404);
    this.#invocations += 1;
    const number = this.#invocations;
    const event: unknown = JSON.parse(payload);
    const execution = executionOf(event);
    return new Promise((resolve) => {
      const end = (error: InvocationError) => {
        trace(`${name}#${number} fails: ${error.errorType}: ${firstLine(error.errorMessage)}`);
        resolve({ payload: JSON.stringify(error), error, requestId: String(number) });
      };
      const invocation = new Invocation(name, number, execution, end);
      const act = async () => {
        await clock.sleep(startSeconds() * 1000);
        trace(`${name}#${number} ${how}`);
        clock.after(found.timeoutSeconds * 1000, () => invocation.timeOut(found.timeoutSeconds));
        try {
          const result =
            (await found.handler(event, contextOf(name, number, clock, found.timeoutSeconds))) ?? null;
          if (invocation.ended) return;
          const text = JSON.stringify(result);
          trace(`${name}#${number} returns ${text.slice(0, SHOWN)}`);
          onReturn(invocation, event, result);
          resolve({ payload: text, error: undefined, requestId: String(number) });
        } catch (thrown) {
          if (!invocation.ended) end(errorOf(thrown));
        }
        invocation.ended = true;
      };
      void within(invocation, act);
    });
  }
}

function executionOf(event: unknown): string | undefined {
  const execution = (event as { execution?: unknown } | null)?.execution;
  return typeof execution === "string" ? execution : undefined;
}

function contextOf(name: string, number: number, clock: Clock, seconds: number): never {
  const deadline = clock.now + seconds * 1000;
  return {
    functionName: name,
    awsRequestId: String(number),
    getRemainingTimeInMillis: () => Math.max(deadline - clock.now, 0),
  } as never;
}

function errorOf(thrown: unknown): InvocationError {
  if (!(thrown instanceof Error))
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  return { errorType: thrown.name, errorMessage: thrown.message, trace: [] };
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
