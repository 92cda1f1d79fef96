import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { AccessKey, Directory } from "../iam/directory.ts";
import type { Judge } from "../iam/judge.ts";
import type { LogStore } from "../logs/store.ts";
import { AwsError } from "../service.ts";
import { Sandbox } from "./sandbox.ts";
import type { FunctionConfig, InvocationResult } from "./types.ts";

/** What the functions need of the local cloud. */
export interface FunctionsOptions {
  readonly directory: string;
  readonly place: Place;
  readonly iam: Directory;
  readonly judge: Judge;
  readonly logs: LogStore;
  /** Waits before the two retries of an asynchronous invocation; on AWS one and two minutes. */
  readonly retrySeconds?: readonly number[];
}

/** A new account's concurrency limit. */
export const accountConcurrency = 10;
/** Longer than reconcile's five minutes, so that it stays warm. */
const idleSeconds = 600;
const payloadLimit = 6 * 1024 * 1024;
const asynchronousPayloadLimit = 1024 * 1024;

/** Every function: finds or starts a process for each invocation, and ends them all. */
export class Functions {
  private readonly options: FunctionsOptions;
  private readonly configs = new Map<string, FunctionConfig>();
  private readonly idle = new Map<string, Sandbox[]>();
  private readonly running = new Map<string, number>();
  private readonly sandboxes = new Set<Sandbox>();
  private readonly waiting: (() => void)[] = [];
  private readonly active = new Set<Promise<InvocationResult>>();
  private readonly idleTimers = new Map<Sandbox, NodeJS.Timeout>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private stopped = false;

  constructor(options: FunctionsOptions) {
    this.options = options;
    const temporary = join(options.directory, "tmp");
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
  }

  /**
   * Adds a function, or replaces the one of its name.
   * Throws InvalidParameterValueException for a role that Lambda may not assume.
   */
  define(config: FunctionConfig): void {
    this.assumeRole(config);
    this.configs.set(config.name, config);
    this.options.logs.createGroup(config.logGroup);
  }

  /** A function by name, ARN, or ARN with a version or alias. Throws ResourceNotFoundException. */
  find(nameOrArn: string): FunctionConfig {
    const name = /:function:([^:]+)/.exec(nameOrArn)?.[1] ?? nameOrArn.split(":")[0] ?? "";
    const config = this.configs.get(name);
    if (config !== undefined) return config;
    const text = `Function not found: arn:aws:lambda:${this.options.place.region}:000000000000:function:${name}`;
    throw new AwsError("ResourceNotFoundException", text, 404, { Type: "User" });
  }

  /** All functions. */
  all(): FunctionConfig[] {
    return [...this.configs.values()];
  }

  /**
   * Invokes a function and waits for its end. Rejects only for what Lambda refuses before running anything:
   * ResourceNotFoundException, RequestTooLargeException, TooManyRequestsException.
   */
  async invoke(nameOrArn: string, event: string): Promise<InvocationResult> {
    const config = this.find(nameOrArn);
    checkSize(event, payloadLimit);
    await this.takeSlot(config);
    const run = this.run(config, event);
    this.active.add(run);
    try {
      return await run;
    } finally {
      this.active.delete(run);
      this.running.set(config.name, (this.running.get(config.name) ?? 1) - 1);
      this.waiting.shift()?.();
    }
  }

  /** Invokes a function later, with Lambda's two retries. Throws like `invoke`, at once. */
  invokeLater(nameOrArn: string, event: string): void {
    this.find(nameOrArn);
    checkSize(event, asynchronousPayloadLimit);
    this.attempt(nameOrArn, event, this.options.retrySeconds ?? [60, 120]);
  }

  /** Ends all processes and retries; invocations under way end with an error. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.retries) clearTimeout(timer);
    for (const wake of this.waiting.splice(0)) wake();
    for (const timer of this.idleTimers.values()) clearTimeout(timer);
    await Promise.all([...this.sandboxes].map((sandbox) => sandbox.stop()));
    // Their last log lines are written before anything else is closed.
    await Promise.allSettled(this.active);
  }

  private attempt(nameOrArn: string, event: string, retrySeconds: readonly number[]): void {
    if (this.stopped) return;
    const again = (): void => {
      const [wait, ...later] = retrySeconds;
      if (wait === undefined || this.stopped) return;
      const timer = setTimeout(() => {
        this.retries.delete(timer);
        this.attempt(nameOrArn, event, later);
      }, wait * 1000);
      this.retries.add(timer);
    };
    this.invoke(nameOrArn, event).then(({ error }) => {
      if (error !== undefined) again();
    }, again);
  }

  private async takeSlot({ name, reservedConcurrency }: FunctionConfig): Promise<void> {
    const count = (): number => this.running.get(name) ?? 0;
    if (reservedConcurrency !== undefined && count() >= reservedConcurrency) {
      throw new AwsError("TooManyRequestsException", "Rate Exceeded.", 429, {
        Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
      });
    }
    // The account's limit throttles on AWS; two cores are better served by waiting.
    while (reservedConcurrency === undefined && this.unreserved() >= accountConcurrency && !this.stopped) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (this.stopped) throw new AwsError("ServiceException", "The local cloud is stopping.", 500);
    this.running.set(name, count() + 1);
  }

  private unreserved(): number {
    let total = 0;
    for (const [name, count] of this.running) {
      if (this.configs.get(name)?.reservedConcurrency === undefined) total += count;
    }
    return total;
  }

  private async run(config: FunctionConfig, event: string): Promise<InvocationResult> {
    const requestId = randomUUID();
    const sandbox = this.takeIdle(config) ?? this.startSandbox(config);
    const stream = streamName(sandbox);
    const log = (message: string): void => this.log(config, stream, message);
    const init = sandbox.initMilliseconds === undefined;
    log(`START RequestId: ${requestId} Version: $LATEST`);
    const started = performance.now();
    const result = await sandbox.invoke(requestId, event);
    const duration = performance.now() - started;
    if (result.error !== undefined && !sandbox.alive)
      log(`${new Date().toISOString()} ${result.error.errorMessage}`);
    log(`END RequestId: ${requestId}`);
    log(report(requestId, duration, config, sandbox, init));
    if (sandbox.alive && !this.stopped) this.keep(config, sandbox);
    else await this.discard(sandbox);
    return checkAnswer(result);
  }

  /** Keeps a process for the next invocation, for as long as Lambda would, more or less. */
  private keep(config: FunctionConfig, sandbox: Sandbox): void {
    const list = this.idle.get(config.name) ?? [];
    this.idle.set(config.name, [...list, sandbox]);
    const end = (): void => {
      const rest = (this.idle.get(config.name) ?? []).filter((one) => one !== sandbox);
      this.idle.set(config.name, rest);
      void this.discard(sandbox);
    };
    this.idleTimers.set(sandbox, setTimeout(end, idleSeconds * 1000));
  }

  private takeIdle(config: FunctionConfig): Sandbox | undefined {
    const list = this.idle.get(config.name) ?? [];
    for (let sandbox = list.pop(); sandbox !== undefined; sandbox = list.pop()) {
      clearTimeout(this.idleTimers.get(sandbox));
      this.idleTimers.delete(sandbox);
      if (sandbox.alive && sandbox.config === config) return sandbox;
      void this.discard(sandbox);
    }
    return undefined;
  }

  private startSandbox(config: FunctionConfig): Sandbox {
    const id = randomUUID();
    const sandbox: Sandbox = new Sandbox(
      config,
      {
        environment: this.environment(config, id),
        directory: join(this.options.directory, "tmp"),
        log: (line) => this.log(config, streamName(sandbox), line),
      },
      id,
    );
    this.sandboxes.add(sandbox);
    return sandbox;
  }

  private async discard(sandbox: Sandbox): Promise<void> {
    this.idleTimers.delete(sandbox);
    await sandbox.stop();
    this.sandboxes.delete(sandbox);
  }

  private log(config: FunctionConfig, stream: string, message: string): void {
    const { logs, judge, place } = this.options;
    const group = arn(place, "logs", `log-group:${config.logGroup}`);
    // As on AWS: a function that may not write its log runs all the same.
    const started = logs.hasStream(config.logGroup, stream);
    if (!started && !judge.allows(config.roleArn, "logs:CreateLogStream", `${group}:*`)) return;
    if (!judge.allows(config.roleArn, "logs:PutLogEvents", `${group}:log-stream:${stream}`)) return;
    logs.put(config.logGroup, stream, [{ timestamp: Date.now(), message }]);
  }

  private assumeRole({ roleArn, arn: sourceArn }: FunctionConfig): AccessKey {
    const key = this.options.iam.assume(roleArn, { service: "lambda.amazonaws.com", sourceArn });
    if (key !== undefined) return key;
    const text = "The role defined for the function cannot be assumed by Lambda.";
    throw new AwsError("InvalidParameterValueException", `${text} (${roleArn})`);
  }

  /** Everything that the function's process sees: nothing of ours but PATH. */
  private environment(config: FunctionConfig, id: string): Record<string, string> {
    const { place } = this.options;
    const key = this.assumeRole(config);
    return {
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      LANG: "en_US.UTF-8",
      TZ: ":UTC",
      // Compiled code is kept between processes; the runtime hides this from the function.
      NODE_COMPILE_CACHE: join(this.options.directory, "compiled"),
      ...config.environment,
      _HANDLER: config.handler,
      LAMBDA_TASK_ROOT: config.codeDirectory,
      AWS_REGION: place.region,
      AWS_DEFAULT_REGION: place.region,
      AWS_ENDPOINT_URL: place.endpoint,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
      ...(key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }),
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      AWS_LAMBDA_FUNCTION_NAME: config.name,
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memoryMiB),
      AWS_LAMBDA_LOG_GROUP_NAME: config.logGroup,
      AWS_LAMBDA_LOG_STREAM_NAME: `${today()}/[$LATEST]${id.replaceAll("-", "")}`,
    };
  }
}

function streamName(sandbox: Sandbox): string {
  return `${today()}/[$LATEST]${sandbox.id.replaceAll("-", "")}`;
}

function today(): string {
  return new Date().toISOString().slice(0, 10).replaceAll("-", "/");
}

function checkSize(event: string, limit: number): void {
  const size = Buffer.byteLength(event);
  if (size <= limit) return;
  const text = `${size} byte payload is too large for the RequestResponse invocation type (limit ${limit} bytes)`;
  throw new AwsError("RequestTooLargeException", text, 413);
}

function checkAnswer(result: InvocationResult): InvocationResult {
  const size = Buffer.byteLength(result.payload);
  if (size <= payloadLimit) return result;
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${payloadLimit} bytes).`;
  const error = { errorType: "Function.ResponseSizeTooLarge", errorMessage };
  return { ...result, error, payload: JSON.stringify(error) };
}

function report(
  id: string,
  duration: number,
  config: FunctionConfig,
  sandbox: Sandbox,
  init: boolean,
): string {
  const used = Math.ceil(sandbox.memoryUsed / 1024 / 1024);
  const initText = init ? `\tInit Duration: ${(sandbox.initMilliseconds ?? 0).toFixed(2)} ms` : "";
  return (
    `REPORT RequestId: ${id}\tDuration: ${duration.toFixed(2)} ms\tBilled Duration: ${Math.ceil(duration)} ms` +
    `\tMemory Size: ${config.memoryMiB} MB\tMax Memory Used: ${used} MB${initText}`
  );
}
