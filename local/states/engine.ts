import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import { AwsError } from "../service.ts";
import { Archive } from "./archive.ts";
import type { Details } from "./history.ts";
import { causeText, historyDetails, json } from "./history.ts";
import type { FromInterpreter, InterpretedEvent, ToInterpreter } from "./messages.ts";
import type { Tasks } from "./tasks.ts";
import type { Execution, ExecutionStatus, HistoryEvent, Machine } from "./types.ts";

const stateBytes = 256 * 1024;
const maximumEvents = 25_000;

/** Told of every change of an execution's status, its start included. */
export type OnStatus = (execution: Execution, machine: Machine) => void;

/** Step Functions: machines, their executions and histories. Interpreting is the worker's, Tasks are Lambda's. */
export class Engine {
  private readonly archive: Archive;
  private readonly tasks: Tasks;
  private readonly onStatus: OnStatus;
  private readonly machines = new Map<string, Machine>();
  private readonly executions = new Map<string, Execution>();
  private readonly eventCounts = new Map<string, number>();
  private worker: Worker | undefined;
  private stopped = false;

  /** Opens the executions of a directory. Those that a dead cloud left running end as ABORTED. */
  constructor(directory: string, tasks: Tasks, onStatus: OnStatus) {
    this.archive = new Archive(directory);
    this.tasks = tasks;
    this.onStatus = onStatus;
    for (const execution of this.archive.executions()) {
      this.executions.set(execution.arn, execution);
      if (execution.status !== "RUNNING") continue;
      this.eventCounts.set(execution.arn, this.archive.history(execution.arn).length);
      this.abort(
        execution,
        "LocalCloud.Stopped",
        "The local cloud was stopped while this execution was running.",
      );
    }
  }

  /** Starts the interpreting thread: it takes a moment, better spent before the first execution. */
  warmUp(): void {
    this.interpreter();
  }

  /** Adds a machine, or replaces the one of its ARN. */
  define(machine: Machine): void {
    this.machines.set(machine.arn, machine);
  }

  /** A machine. Throws StateMachineDoesNotExist. */
  machine(arn: string): Machine {
    const machine = this.machines.get(arn);
    if (machine !== undefined) return machine;
    throw new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
  }

  /** All machines. */
  allMachines(): Machine[] {
    return [...this.machines.values()];
  }

  /** An execution. Throws ExecutionDoesNotExist. */
  execution(arn: string): Execution {
    const execution = this.executions.get(arn);
    if (execution !== undefined) return execution;
    throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
  }

  /** Executions of a machine, the youngest first. Throws StateMachineDoesNotExist. */
  executionsOf(machineArn: string, status?: ExecutionStatus): Execution[] {
    this.machine(machineArn);
    const found = [...this.executions.values()].filter(
      (one) => one.machineArn === machineArn && (status === undefined || one.status === status),
    );
    return found.reverse().sort((a, b) => b.started - a.started);
  }

  /** The history of an execution so far. Throws ExecutionDoesNotExist. */
  history(arn: string): HistoryEvent[] {
    this.execution(arn);
    return this.archive.history(arn);
  }

  /**
   * Starts an execution. The same name and input as one that runs is that one.
   * Throws StateMachineDoesNotExist, InvalidName, InvalidExecutionInput, ExecutionAlreadyExists, ValidationException,
   * and ServiceUnavailableException once it has stopped: functions run on for a moment longer.
   */
  start(machineArn: string, name: string | undefined, input: string): Execution {
    if (this.stopped) throw new AwsError("ServiceUnavailableException", "The local cloud is stopping.", 503);
    const machine = this.machine(machineArn);
    const given = name ?? randomUUID();
    checkName(given);
    const parsed = checkInput(input);
    const arn = `${machineArn.replace(":stateMachine:", ":execution:")}:${given}`;
    const known = this.executions.get(arn);
    if (known !== undefined) {
      if (known.status === "RUNNING" && known.input === input) return known;
      throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
    }
    const execution: Execution = {
      arn,
      name: given,
      machineArn,
      started: Date.now(),
      input,
      status: "RUNNING",
    };
    this.executions.set(arn, execution);
    this.archive.saveExecution(execution);
    this.onStatus(execution, machine);
    const StartTime = new Date(execution.started).toISOString();
    const context = {
      Execution: { Id: arn, Name: given, RoleArn: machine.roleArn, StartTime, RedriveCount: 0 },
      StateMachine: { Id: machineArn, Name: machine.name },
    };
    this.post({ kind: "run", execution: arn, definition: machine.definition, input: parsed, context });
    return execution;
  }

  /** Ends a running execution as ABORTED; its Tasks that are under way run on. Throws ExecutionDoesNotExist. */
  stopExecution(arn: string, error: string | undefined, cause: string | undefined): Execution {
    const execution = this.execution(arn);
    if (execution.status === "RUNNING") {
      this.abort(execution, error, cause);
      this.post({ kind: "abort", execution: arn });
    }
    return execution;
  }

  /** Ends the interpreting thread; executions that run are ABORTED. Safe to call twice. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const execution of this.executions.values()) {
      if (execution.status !== "RUNNING") continue;
      this.abort(
        execution,
        "LocalCloud.Stopped",
        "The local cloud was stopped while this execution was running.",
      );
    }
    await this.worker?.terminate();
    this.worker = undefined;
  }

  private interpreter(): Worker {
    if (this.worker === undefined) {
      this.worker = new Worker(new URL("./interpreter.ts", import.meta.url), { execArgv: ["--no-warnings"] });
      this.worker.on("message", (message: FromInterpreter) => this.receive(message));
      this.worker.on("error", (error) => this.onBroken(error));
    }
    return this.worker;
  }

  /** The interpreting thread died: what it ran fails, and the next execution gets a fresh one. */
  private onBroken(error: unknown): void {
    this.worker = undefined;
    const cause = `The interpreter failed: ${error instanceof Error ? error.message : String(error)}`;
    for (const execution of this.executions.values()) {
      if (execution.status === "RUNNING") this.fail(execution, "States.Runtime", cause);
    }
  }

  private post(message: ToInterpreter): void {
    this.interpreter().postMessage(message);
  }

  private receive(message: FromInterpreter): void {
    const execution = this.executions.get(message.execution);
    if (execution === undefined || execution.status !== "RUNNING") return;
    if (message.kind === "task") this.runTask(execution, message);
    else if (message.kind === "event") this.onEvent(execution, message.event);
  }

  private runTask(execution: Execution, message: Extract<FromInterpreter, { kind: "task" }>): void {
    const note = (details: Details): void => {
      if (execution.status === "RUNNING") this.note(execution, details, Date.now());
    };
    const { roleArn } = this.machine(execution.machineArn);
    void this.tasks.run(roleArn, message.resource, message.input, note).then((end) => {
      if (execution.status === "RUNNING") this.post({ kind: "task-end", task: message.task, ...end });
    });
  }

  private onEvent(execution: Execution, event: InterpretedEvent): void {
    const machine = this.machine(execution.machineArn);
    if (event.type === "StateFailed" && event.Error === "States.Timeout" && event.state?.type === "Task") {
      const lambdaFunctionTimedOutEventDetails = { error: "States.Timeout", cause: causeText(event) };
      this.note(
        execution,
        { type: "LambdaFunctionTimedOut", lambdaFunctionTimedOutEventDetails },
        event.timestamp,
      );
      return;
    }
    const details = historyDetails(event, machine.roleArn);
    if (details !== undefined) this.note(execution, details, event.timestamp);
    if (execution.status !== "RUNNING") return;
    if (event.type === "ExecutionSucceeded") {
      this.finish(execution, "SUCCEEDED", { output: json(event.output) });
    } else if (event.type === "ExecutionFailed") {
      this.finish(execution, "FAILED", { error: event.Error, cause: causeText(event) });
    } else if (event.type === "ExecutionTimeout") {
      this.finish(execution, "TIMED_OUT", {});
    } else if (tooLarge(event.state?.input) || tooLarge(event.state?.output)) {
      const cause = `The state '${event.state?.name ?? ""}' passes on more than the maximum number of bytes service limit.`;
      this.fail(execution, "States.DataLimitExceeded", cause);
    }
  }

  private note(execution: Execution, details: Details, timestamp: number): void {
    const id = (this.eventCounts.get(execution.arn) ?? 0) + 1;
    this.eventCounts.set(execution.arn, id);
    this.archive.addEvent(execution.arn, { id, previousEventId: id - 1, timestamp, ...details });
    if (id === maximumEvents - 1 && !details.type.startsWith("Execution")) {
      const cause = `The execution reached the maximum number of history events (${maximumEvents}).`;
      this.fail(execution, "States.Runtime", cause);
    }
  }

  private fail(execution: Execution, error: string, cause: string): void {
    this.note(
      execution,
      { type: "ExecutionFailed", executionFailedEventDetails: { error, cause } },
      Date.now(),
    );
    this.finish(execution, "FAILED", { error, cause });
    this.worker?.postMessage({ kind: "abort", execution: execution.arn } satisfies ToInterpreter);
  }

  private abort(execution: Execution, error: string | undefined, cause: string | undefined): void {
    this.note(
      execution,
      { type: "ExecutionAborted", executionAbortedEventDetails: { error, cause } },
      Date.now(),
    );
    this.finish(execution, "ABORTED", { error, cause });
  }

  private finish(
    execution: Execution,
    status: ExecutionStatus,
    end: { output?: string; error?: string | undefined; cause?: string | undefined },
  ): void {
    Object.assign(execution, end, { status, stopped: Date.now() });
    this.eventCounts.delete(execution.arn);
    this.archive.saveExecution(execution);
    const machine = this.machines.get(execution.machineArn);
    if (machine !== undefined) this.onStatus(execution, machine);
  }
}

function checkName(name: string): void {
  // https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
  if (/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u.test(name)) return;
  throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
}

function checkInput(input: string): unknown {
  if (Buffer.byteLength(input) > stateBytes) {
    throw new AwsError("ValidationException", `input is larger than ${stateBytes} bytes.`);
  }
  try {
    return JSON.parse(input);
  } catch {
    throw new AwsError("InvalidExecutionInput", "Invalid State Machine Execution Input: it is not JSON.");
  }
}

function tooLarge(value: unknown): boolean {
  return value !== undefined && Buffer.byteLength(json(value)) > stateBytes;
}
