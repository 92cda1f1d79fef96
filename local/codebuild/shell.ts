import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startTime } from "../processes.ts";

/** Where and with what a build's shell runs. */
interface ShellOptions {
  readonly shell: string;
  readonly directory: string;
  readonly environment: Record<string, string>;
  readonly log: (line: string) => void;
  readonly groupFile: string;
}

/** Ends what a killed local cloud left running, if it still runs. */
export function endGroup(groupFile: string): void {
  try {
    const { pid, started } = JSON.parse(readFileSync(groupFile, "utf8")) as { pid: number; started?: string };
    if (started !== undefined && startTime(pid) === started) process.kill(-pid, "SIGKILL");
  } catch {
    // No such file or no such process: nothing to end.
  }
}

/**
 * The one shell of a build. Commands run in it one after the other, so that what one exports or where it changes
 * to holds for the next, as in CodeBuild's buildspec version 0.2. The shell leads a process group of its own.
 */
export class BuildShell {
  private readonly child: ChildProcess;
  private readonly scratch: string;
  private readonly exited: Promise<void>;
  private waiting: ((status: number) => void) | undefined;
  private count = 0;
  /** Ends the output of each command, before its status: so that statuses never overtake output. */
  private readonly marker = `end-of-command-${randomUUID()}`;

  /** `groupFile` names the process group for `endGroup`, should this process not live to end it itself. */
  constructor(options: ShellOptions) {
    const { shell, directory, environment, log, groupFile } = options;
    this.scratch = mkdtempSync(join(tmpdir(), "codebuild-"));
    this.child = spawn(shell, [], {
      cwd: directory,
      env: environment,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { stdout, stderr, pid } = this.child;
    if (pid !== undefined) writeFileSync(groupFile, JSON.stringify({ pid, started: startTime(pid) }));
    if (stderr !== null) createInterface({ input: stderr }).on("line", log);
    if (stdout !== null) createInterface({ input: stdout }).on("line", (line) => this.receive(line, log));
    this.exited = new Promise((resolve) => {
      this.child.once("error", () => resolve());
      this.child.once("close", () => resolve());
    });
    // Its last lines may still be on their way; what it left running in the background may print for ever.
    this.child.once("exit", (code) => setTimeout(() => this.settle(code ?? 137), 50));
    this.child.stdin?.on("error", () => this.settle(137));
  }

  /** Runs a command and returns its exit status; 137 when the shell is gone. */
  async run(command: string): Promise<number> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return 137;
    this.count += 1;
    const file = join(this.scratch, String(this.count));
    writeFileSync(file, `${command}\n`);
    const status = new Promise<number>((resolve) => {
      this.waiting = resolve;
    });
    this.child.stdin?.write(`. '${file}' 2>&1 </dev/null; echo "${this.marker} $?"\n`);
    return status;
  }

  /** Ends the shell and everything that its commands left running. Safe to call twice. */
  async stop(): Promise<void> {
    try {
      if (this.child.pid !== undefined) process.kill(-this.child.pid, "SIGKILL");
    } catch {
      // The group is gone already.
    }
    await this.exited;
    rmSync(this.scratch, { recursive: true, force: true });
  }

  private receive(line: string, log: (line: string) => void): void {
    const [output = "", status] = line.split(`${this.marker} `);
    if (status === undefined || output !== "") log(output);
    if (status !== undefined) this.settle(Number(status));
  }

  private settle(status: number): void {
    this.waiting?.(status);
    this.waiting = undefined;
  }
}
