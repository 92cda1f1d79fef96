import { EventEmitter } from "node:events";

/**
 * Stands in for node:worker_threads between the local Step Functions and its interpreter: both run in this
 * thread, on virtual time; messages are copied and come later, as between threads.
 */
class Port extends EventEmitter {
  other: EventEmitter | undefined;

  postMessage(message: unknown): void {
    const copy = structuredClone(message);
    queueMicrotask(() => this.other?.emit("message", copy));
  }
}

/** The interpreter's side; there is one, whichever history runs. */
export const parentPort = new Port();

export class Worker extends Port {
  constructor() {
    super();
    this.other = parentPort;
    parentPort.other = this;
  }

  async terminate(): Promise<void> {
    this.other = undefined;
  }
}
