import { AsyncLocalStorage } from "node:async_hooks";
import { current, type Life } from "./life.ts";

const realSetImmediate = globalThis.setImmediate;
const RealDate = globalThis.Date;
/** What a thread has open anyway. */
const ALWAYS_ACTIVE = new Set(["MessagePort", "Immediate"]);

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  readonly life: Life | undefined;
  cancelled: boolean;
}

/**
 * Virtual time. Nothing waits for real: the earliest timer is run next, and the clock jumps to it. Between two
 * timers everything that promises and streams have to do is done, so that equal histories run equally.
 */
export class Clock {
  /** Epoch milliseconds. */
  now: number;
  readonly #heap: Entry[] = [];
  #order = 0;

  constructor(start: number) {
    this.now = start;
  }

  /** Calls `run` in `ms`, unless the life that asks has ended by then. */
  after(ms: number, run: () => void): Entry {
    const delay = Number.isFinite(ms) && ms > 0 ? ms : 0;
    const inContext = AsyncLocalStorage.snapshot();
    this.#order += 1;
    const entry: Entry = {
      at: this.now + delay,
      order: this.#order,
      run: () => inContext(run),
      life: current(),
      cancelled: false,
    };
    push(this.#heap, entry);
    return entry;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Runs timers until `done` says so. Throws when there is none left. */
  async runUntil(done: () => boolean): Promise<void> {
    await drained();
    while (!done()) {
      const entry = pop(this.#heap);
      if (entry === undefined) throw new Error("Nothing is left to happen, yet the history has not ended.");
      if (entry.cancelled || entry.life?.ended === true) continue;
      this.now = Math.max(this.now, entry.at);
      entry.run();
      await drained();
    }
  }
}

/** Resolves when every promise and every tick has had its turn. Rejects when something waits for the real world. */
function drained(): Promise<void> {
  return new Promise((resolve, reject) =>
    realSetImmediate(() => {
      const real = process.getActiveResourcesInfo().filter((name) => !ALWAYS_ACTIVE.has(name));
      if (real.length === 0) resolve();
      else
        reject(
          new Error(`Something waits for the real world, where nothing is simulated: ${real.join(", ")}`),
        );
    }),
  );
}

let clock = new Clock(0);

/** Makes a clock the one that Date and all timers of this thread go by. */
export function useClock(next: Clock): void {
  clock = next;
}

/** A timer as Node's callers handle it. */
class Timer {
  readonly #ms: number;
  readonly #call: () => void;
  readonly #repeats: boolean;
  #entry: Entry;

  constructor(call: () => void, ms: number, repeats: boolean) {
    this.#call = call;
    this.#ms = ms;
    this.#repeats = repeats;
    this.#entry = this.#start();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    this.close();
    this.#entry = this.#start();
    return this;
  }

  close(): void {
    this.#entry.cancelled = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #start(): Entry {
    return clock.after(this.#ms, () => {
      if (this.#repeats) this.#entry = this.#start();
      this.#call();
    });
  }
}

type Callback = (...values: unknown[]) => void;

const setTimer = (call: Callback, ms = 0, ...values: unknown[]) =>
  new Timer(() => call(...values), ms, false);
const clearTimer = (timer: unknown) => {
  if (timer instanceof Timer) timer.close();
};

/** `setTimeout` of node:timers/promises in virtual time. */
export function pause<T>(
  ms = 0,
  value?: T,
  options: { readonly signal?: AbortSignal } = {},
): Promise<T | undefined> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const abort = () => reject(new DOMException("The operation was aborted", "AbortError"));
    if (signal?.aborted === true) return abort();
    const entry = clock.after(ms, () => resolve(value));
    signal?.addEventListener("abort", () => {
      entry.cancelled = true;
      abort();
    });
  });
}

/** Replaces this thread's clock and timers. Called once, before anything that keeps them is loaded. */
export function installClock(): void {
  class VirtualDate extends RealDate {
    constructor(...values: unknown[]) {
      super(...((values.length === 0 ? [clock.now] : values) as [number]));
    }

    static override now(): number {
      return Math.floor(clock.now);
    }
  }
  Object.assign(globalThis, {
    Date: VirtualDate,
    setTimeout: setTimer,
    clearTimeout: clearTimer,
    setInterval: (call: Callback, ms = 0, ...values: unknown[]) =>
      new Timer(() => call(...values), Math.max(ms, 1), true),
    clearInterval: clearTimer,
    setImmediate: (call: Callback, ...values: unknown[]) => setTimer(call, 0, ...values),
    clearImmediate: clearTimer,
  });
  globalThis.performance.now = () => clock.now;
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    clock.after(ms, () => controller.abort(new DOMException("The operation timed out", "TimeoutError")));
    return controller.signal;
  };
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Entry;
    if (!before(entry, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
    const below = heap[child] as Entry;
    if (!before(below, last)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
  return first;
}
