import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { CloudOptions } from "../../local/cloud.ts";
import type { Order, Running } from "./cloud-process.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** What a process loads to have the time that this file says; see clock.mjs. */
export function clockOption(file: string): string {
  const url = pathToFileURL(here("./clock.mjs"));
  url.searchParams.set("file", file);
  return `--import=${url.href}`;
}

/** A local cloud in a process of its own, which is killed and started again on the same data. */
export class KilledCloud {
  readonly #options: CloudOptions;
  readonly #clock: string;
  #ahead = 0;
  #child: ChildProcess | undefined;
  #running: Running = { environment: {}, outputs: {} };

  /** `clock`: the file that says how far ahead the cloud's clock is. */
  constructor(options: CloudOptions, clock: string) {
    this.#options = options;
    this.#clock = clock;
  }

  get outputs(): Readonly<Record<string, string>> {
    return this.#running.outputs;
  }

  /** Options for SDK clients; other ones after each start. */
  get sdk() {
    const { environment } = this.#running;
    return {
      endpoint: environment.AWS_ENDPOINT_URL ?? "",
      region: environment.AWS_REGION ?? "",
      credentials: {
        accessKeyId: environment.AWS_ACCESS_KEY_ID ?? "",
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? "",
      },
    };
  }

  /** What time the cloud has, in epoch milliseconds. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  async start(): Promise<void> {
    await writeFile(this.#clock, String(this.#ahead));
    const execArgv = ["--no-warnings", clockOption(this.#clock)];
    const child = fork(here("./cloud-process.ts"), [JSON.stringify(this.#options)], { execArgv });
    const ended = new AbortController();
    child.once("exit", () => ended.abort());
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(120_000)]);
    [this.#running] = (await once(child, "message", { signal })) as [Running];
    this.#child = child;
  }

  /** Lets time pass for the cloud and its functions, not for anybody else. */
  async pass(seconds: number): Promise<void> {
    this.#ahead += seconds * 1_000;
    await writeFile(this.#clock, String(this.#ahead));
    // Every process looks again after a tenth of a second.
    await pause(200);
  }

  async tell(order: Order): Promise<void> {
    const child = this.#child;
    assert.ok(child);
    child.send(order);
    const [answer] = await once(child, "message", { signal: AbortSignal.timeout(60_000) });
    assert.equal(answer, "done");
  }

  /** Waits for the cloud to kill itself, as it was told to; two minutes at most. */
  async dies(): Promise<boolean> {
    const child = this.#child;
    assert.ok(child);
    try {
      if (child.signalCode === null) await once(child, "exit", { signal: AbortSignal.timeout(120_000) });
    } catch {
      return false;
    }
    this.#child = undefined;
    return child.signalCode === "SIGKILL";
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.disconnect();
    await once(child, "exit");
  }
}
