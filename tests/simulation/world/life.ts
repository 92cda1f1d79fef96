import { AsyncLocalStorage } from "node:async_hooks";

/** Something whose timers and calls end with it: the run of a Lambda that can be killed. */
export interface Life {
  readonly ended: boolean;
}

const lives = new AsyncLocalStorage<Life>();

/** The life in which the caller runs; undefined outside any. */
export function current(): Life | undefined {
  return lives.getStore();
}

/** Runs something, and all that it starts, in a life. */
export function within<T>(life: Life | undefined, run: () => T): T {
  return lives.run(life as Life, run);
}

/** A promise that is never kept: what a killed process waits for. */
export function never<T>(): Promise<T> {
  return new Promise(() => {});
}
