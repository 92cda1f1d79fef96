import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FunctionConfig, InvocationError, InvocationResult, RuntimeMessage } from "./types.ts";
import { directoryBytes, residentBytes } from "./usage.ts";

const runtimePath = fileURLToPath(new URL("./runtime.ts", import.meta.url));
const initSeconds = 10;
const watchMilliseconds = 250;

/** What a sandbox needs beside its function. */
export interface SandboxOptions {
  /** The whole environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Its /tmp is made in here. */
  readonly directory: string;
  readonly log: (line: string) => void;
}

/** One process of one function: runs one invocation at a time, and stays for the next. */
export class Sandbox {
  /** Names the sandbox, its /tmp and its log stream. */
  readonly id: string;
  /** Whether it can take another invocation. */
  alive = true;
  /** Milliseconds from fork to ready; undefined until then, and after the first report. */
  initMilliseconds: number | undefined;
  /** What it was started with; a function that is changed gets new processes, as on Lambda. */
  readonly config: FunctionConfig;
  private readonly options: SandboxOptions;
  private readonly temporary: string;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private readonly ready: Promise<InvocationError | undefined>;
  private settle: ((result: Pick<InvocationResult, "payload" | "error">) => void) | undefined;
  private killedFor: InvocationError | undefined;
  private maximumResident = 0;
  private looks = 0;

  constructor(config: FunctionConfig, options: SandboxOptions, id: string = randomUUID()) {
    this.id = id;
    this.config = config;
    this.options = options;
    this.temporary = join(options.directory, id);
    mkdirSync(this.temporary, { recursive: true });
    const started = performance.now();
    this.child = fork(runtimePath, [], {
      cwd: config.codeDirectory,
      env: { ...options.environment, TMPDIR: this.temporary },
      execArgv: [`--max-old-space-size=${config.memoryMiB}`, "--no-warnings"],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      serialization: "json",
      // Ctrl-C at the keyboard is for the local cloud, which lets functions end; without it they end themselves.
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.options.log(text.replace(/\n$/, "")));
    }
    this.exited = new Promise((resolve) => this.child.once("exit", () => resolve()));
    this.ready = new Promise((resolve) => {
      this.child.on("message", (message) => {
        const runtime = message as RuntimeMessage;
        if (runtime.kind === "ready") this.initMilliseconds = performance.now() - started;
        if (runtime.kind === "ready" || runtime.kind === "init-error") {
          resolve(runtime.kind === "ready" ? undefined : runtime.error);
        }
        this.receive(runtime);
      });
      this.child.once("error", (error) =>
        resolve({ errorType: "Runtime.ExitError", errorMessage: error.message }),
      );
    });
    this.child.once("exit", (code, signal) => this.onExit(code, signal));
  }

  /** The greatest resident set seen, in bytes. */
  get memoryUsed(): number {
    return this.maximumResident;
  }

  /** Runs one invocation to its end, its time limit, or the end of the process. Never rejects. */
  async invoke(id: string, event: string): Promise<InvocationResult> {
    const initError = await this.waitReady();
    if (initError !== undefined) {
      this.alive = false;
      this.child.kill("SIGKILL");
      return { payload: JSON.stringify(initError), error: initError, requestId: id };
    }
    const limit = this.config.timeoutSeconds * 1000;
    const result = new Promise<Pick<InvocationResult, "payload" | "error">>((resolve) => {
      this.settle = resolve;
    });
    if (!this.alive) this.end(exitError(id, "exit status 0"));
    const timer = setTimeout(() => this.kill(timedOut(id, this.config.timeoutSeconds)), limit);
    const watch = setInterval(() => this.watch(id), watchMilliseconds);
    if (this.alive) this.child.send({ id, event, deadline: Date.now() + limit, arn: this.config.arn });
    try {
      return { ...(await result), requestId: id };
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
      this.maximumResident = Math.max(this.maximumResident, residentBytes(this.child.pid) ?? 0);
    }
  }

  /** Ends the process and removes its /tmp. Safe to call twice. */
  async stop(): Promise<void> {
    this.alive = false;
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGKILL");
      await this.exited;
    }
    rmSync(this.temporary, { recursive: true, force: true });
  }

  private async waitReady(): Promise<InvocationError | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<InvocationError>((resolve) => {
      const errorMessage = `The handler's module did not load in ${initSeconds} seconds.`;
      timer = setTimeout(() => resolve({ errorType: "Sandbox.Timedout", errorMessage }), initSeconds * 1000);
    });
    const gone = this.exited.then(
      (): InvocationError => ({
        errorType: "Runtime.ExitError",
        errorMessage: "Error: Runtime exited before it was ready",
      }),
    );
    try {
      return await Promise.race([this.ready, late, gone]);
    } finally {
      clearTimeout(timer);
    }
  }

  private receive(message: RuntimeMessage): void {
    if (message.kind === "log") this.options.log(message.line);
    else if (message.kind === "result") this.settle?.({ payload: message.payload, error: undefined });
    else if (message.kind === "error") this.end(message.error);
  }

  private end(error: InvocationError): void {
    this.settle?.({ payload: JSON.stringify(error), error });
  }

  private kill(error: InvocationError): void {
    this.alive = false;
    this.killedFor = error;
    this.child.kill("SIGKILL");
    this.end(error);
  }

  private watch(id: string): void {
    const resident = residentBytes(this.child.pid) ?? 0;
    this.maximumResident = Math.max(this.maximumResident, resident);
    if (resident > this.config.memoryMiB * 1024 * 1024) {
      this.kill(exitError(id, "signal: killed"));
      return;
    }
    // Every fourth look: a walk over many files is not free.
    this.looks += 1;
    if (this.looks % 4 !== 0) return;
    if (directoryBytes(this.temporary) <= this.config.ephemeralMiB * 1024 * 1024) return;
    this.kill({
      errorType: "Error",
      errorMessage: `ENOSPC: no space left on device, write (/tmp holds more than ${this.config.ephemeralMiB} MB)`,
    });
  }

  private onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.alive = false;
    const how =
      signal === null ? `exit status ${code ?? 0}` : `signal: ${signal === "SIGKILL" ? "killed" : "aborted"}`;
    this.end(this.killedFor ?? exitError("", how));
  }
}

function exitError(id: string, how: string): InvocationError {
  return {
    errorType: "Runtime.ExitError",
    errorMessage: `RequestId: ${id} Error: Runtime exited with error: ${how}`,
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html */
function timedOut(id: string, seconds: number): InvocationError {
  const errorMessage = `RequestId: ${id} Error: Task timed out after ${seconds.toFixed(2)} seconds`;
  return { errorType: "Sandbox.Timedout", errorMessage };
}
