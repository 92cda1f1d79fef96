import { setTimeout as pause } from "node:timers/promises";
import { ExitCode, Interrupted } from "./failure.ts";

/** A signal can come twice at once: from the terminal, and from the program that started this one. */
const SAME_MS = 500;
/** What heeds the signal has this long to put the terminal in order. */
const GRACE_MS = 1_000;

let interrupt = (): void => {
  console.error("\nInterrupted. Nothing that was begun here goes on.");
  process.exit(ExitCode.interrupted);
};

/** Ends this process in words when Ctrl-C is pressed, or SIGTERM or SIGHUP comes. */
export function heedInterrupts(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt());
}

/** Waits for Ctrl-C, which is how what runs until then is ended. */
export async function untilInterrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  interrupt = resolve;
  await promise;
}

/**
 * Runs something that Ctrl-C ends with Interrupted, whose message says what goes on without us. A second Ctrl-C ends
 * the process at once.
 */
export async function interruptible<T>(
  goesOn: () => string,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const before = interrupt;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  let first = 0;
  interrupt = () => {
    if (first !== 0 && Date.now() - first > SAME_MS) process.exit(ExitCode.interrupted);
    if (first !== 0) return;
    first = Date.now();
    const reason = new Interrupted(goesOn());
    controller.abort(reason);
    void pause(GRACE_MS, undefined, { ref: false }).then(() => reject(reason));
  };
  try {
    return await Promise.race([act(controller.signal), aborted]);
  } catch (error) {
    // The SDK and timers reject with errors of their own, and keep the reason as their cause or not at all.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    interrupt = before;
  }
}
