/**
 * The worker that interprets state machines with aws-local-stepfunctions. It is a thread of its own because the
 * library leaves a timer running for every Task that fails (it only clears them on success): they end with the
 * thread. Tasks are carried out by the main thread.
 *
 * What the library does not do, and is made up for here:
 * - Tasks without a limit end after 60 s: they get the longest limit a timer can hold (AWS: 99999999 s).
 * - The context object knows no State: it is filled whenever the library looks up a state to enter it. States that
 *   run side by side in a Map or Parallel state share it.
 */
import { parentPort } from "node:worker_threads";
import type { StateMachineDefinition } from "aws-local-stepfunctions";
import { StateMachine } from "aws-local-stepfunctions";
import type { FromInterpreter, InterpretedEvent, TaskFailure, ToInterpreter } from "./messages.ts";

type Json = Parameters<StateMachine["run"]>[0];
type States = StateMachineDefinition["States"];

/** What a failed Task throws into the library, which matches `name` with ErrorEquals and gives `message` as Cause. */
class TaskFailed extends Error {
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  constructor({ error, cause }: TaskFailure) {
    super(cause);
    this.name = error;
    // AWS: "States.ALL" does not catch these two.
    const final = error === "States.DataLimitExceeded" || error === "States.Runtime";
    this.isRetryable = !final;
    this.isCatchable = !final;
  }
}

const longestTaskSeconds = 2_147_483;
const port = parentPort;
const pendingTasks = new Map<number, { resolve: (value: Json) => void; reject: (error: Error) => void }>();
const running = new Map<string, () => void>();
let nextTask = 0;

const send = (message: FromInterpreter): void => port?.postMessage(message);

function prepare(states: States, onEnter: (name: string) => void, tasks: Map<string, string>): States {
  const prepared: Record<string, unknown> = {};
  for (const [name, state] of Object.entries(states)) {
    const copy: Record<string, unknown> = { ...state };
    if (state.Type === "Task") {
      tasks.set(name, state.Resource);
      if (state.TimeoutSeconds === undefined && state.TimeoutSecondsPath === undefined) {
        copy.TimeoutSeconds = longestTaskSeconds;
      } else if (state.TimeoutSeconds !== undefined) {
        copy.TimeoutSeconds = Math.min(state.TimeoutSeconds, longestTaskSeconds);
      }
    }
    for (const key of ["Iterator", "ItemProcessor"]) {
      const inner = copy[key] as StateMachineDefinition | undefined;
      if (inner !== undefined) copy[key] = { ...inner, States: prepare(inner.States, onEnter, tasks) };
    }
    if (state.Type === "Parallel") {
      const branches = state.Branches as StateMachineDefinition[];
      copy.Branches = branches.map((one) => ({ ...one, States: prepare(one.States, onEnter, tasks) }));
    }
    prepared[name] = copy;
  }
  return new Proxy(prepared as States, {
    get(target, name) {
      if (typeof name === "string" && Object.hasOwn(target, name)) onEnter(name);
      return typeof name === "string" ? target[name] : undefined;
    },
  });
}

async function callTask(execution: string, state: string, resource: string, input: Json): Promise<Json> {
  // The library's events come through a queue of promises: let StateEntered out before its Task.
  await new Promise((resolve) => setImmediate(resolve));
  nextTask += 1;
  const task = nextTask;
  return new Promise<Json>((resolve, reject) => {
    pendingTasks.set(task, { resolve, reject });
    send({ kind: "task", execution, task, state, resource, input });
  });
}

async function execute(request: Extract<ToInterpreter, { kind: "run" }>): Promise<void> {
  const { execution, definition, input, context } = request;
  const state: Record<string, unknown> = {};
  const tasks = new Map<string, string>();
  const onEnter = (name: string): void => {
    Object.assign(state, { Name: name, EnteredTime: new Date().toISOString() });
  };
  const source = definition as StateMachineDefinition;
  const { TimeoutSeconds, ...rest } = source;
  // A TimeoutSeconds beyond what a timer can hold would fire at once.
  const limit = TimeoutSeconds === undefined || TimeoutSeconds > longestTaskSeconds ? {} : { TimeoutSeconds };
  const machine = new StateMachine(
    { ...rest, ...limit, States: prepare(source.States, onEnter, tasks) },
    { validationOptions: { noValidate: true } },
  );
  const handlers = Object.fromEntries(
    [...tasks].map(([name, resource]) => [name, (given: Json) => callTask(execution, name, resource, given)]),
  );
  const run = machine.run(input as Json, {
    overrides: { taskResourceLocalHandlers: handlers },
    context: { ...context, State: state },
    noThrowOnAbort: true,
  });
  running.set(execution, run.abort);
  run.result.catch(() => undefined);
  for await (const event of run.eventLogs)
    send({ kind: "event", execution, event: event as InterpretedEvent });
  running.delete(execution);
  send({ kind: "end", execution });
}

port?.on("message", (message: ToInterpreter) => {
  if (message.kind === "run") {
    execute(message).catch((error: unknown) => {
      const cause = error instanceof Error ? error.message : String(error);
      const event: InterpretedEvent = {
        type: "ExecutionFailed",
        timestamp: Date.now(),
        Error: "States.Runtime",
        Cause: cause,
      };
      send({ kind: "event", execution: message.execution, event });
      send({ kind: "end", execution: message.execution });
    });
  } else if (message.kind === "abort") {
    running.get(message.execution)?.();
  } else {
    const pending = pendingTasks.get(message.task);
    pendingTasks.delete(message.task);
    if (message.failure === undefined) pending?.resolve(message.output as Json);
    else pending?.reject(new TaskFailed(message.failure));
  }
});
