import { ExitCode, Interrupted } from "./failure.ts";

/** A signal can come twice at once: from the terminal, and from the program that started this one. */
const SAME_MS = 500;

/**
 * Runs something that Ctrl-C (or SIGTERM) ends with Interrupted, whose message says what goes on without us. What
 * does not heed the signal is left where it is by a second Ctrl-C.
 */
export async function interruptible<T>(
  goesOn: () => string,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let first = 0;
  const interrupt = () => {
    if (first !== 0 && Date.now() - first > SAME_MS) process.exit(ExitCode.interrupted);
    first ||= Date.now();
    controller.abort(new Interrupted(goesOn()));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await act(controller.signal);
  } catch (error) {
    // The SDK and timers reject with errors of their own, and keep the reason as their cause or not at all.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
