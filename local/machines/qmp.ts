import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** QEMU refused a command of its monitor, or went away before it answered. */
class MonitorError extends Error {
  override readonly name = "MonitorError";
}

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * The QEMU machine protocol over a pair of streams: one JSON object a line, answers in the order of the
 * commands (qemu.readthedocs.io, "QEMU Machine Protocol Specification").
 */
export class Monitor {
  readonly #output: Writable;
  readonly #waiting: Waiting[] = [];
  readonly #events = new Set<string>();
  readonly #listeners = new Map<string, () => void>();
  #closed = false;

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    // QEMU may die between our looking and our writing; its end is told by the process, not by this stream.
    output.on("error", () => {});
    const lines = createInterface({ input });
    lines.on("line", (line) => this.#take(line));
    lines.on("close", () => this.#close());
  }

  /** Whether the guest has raised this event, as SHUTDOWN. */
  saw(event: string): boolean {
    return this.#events.has(event);
  }

  /** Calls `listener` whenever the guest raises this event; one listener for each. */
  on(event: string, listener: () => void): void {
    this.#listeners.set(event, listener);
  }

  /** Runs one command. Throws MonitorError when QEMU refuses it or has gone. */
  run(command: string, parameters?: Record<string, unknown>): Promise<unknown> {
    if (this.#closed) return Promise.reject(new MonitorError(`QEMU has gone: it did not take ${command}`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#output.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    });
  }

  #take(line: string): void {
    let reply: Reply;
    try {
      reply = JSON.parse(line) as Reply;
    } catch {
      return;
    }
    if (reply.event) {
      this.#events.add(reply.event);
      this.#listeners.get(reply.event)?.();
    }
    if (!("return" in reply) && !reply.error) return;
    const waiting = this.#waiting.shift();
    if (reply.error) waiting?.reject(new MonitorError(reply.error.desc));
    else waiting?.resolve(reply.return);
  }

  #close(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new MonitorError("QEMU has gone"));
  }
}
