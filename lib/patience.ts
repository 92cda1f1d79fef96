import { setTimeout as pause } from "node:timers/promises";

export const PATIENCE_MS = 10_000;
const BETWEEN_MS = 500;

/**
 * Looks until a wait is over, for ten seconds at most; returns what the last look saw. Ten seconds of a
 * function cost less than one round of the state machine's own loop (three transitions), and with them a wait
 * of hours stays far below the 25,000 events that a history may have.
 */
export async function lookPatiently<T>(look: () => Promise<T>, isOver: (seen: T) => boolean): Promise<T> {
  for (const start = Date.now(); ; await pause(BETWEEN_MS)) {
    const seen = await look();
    if (isOver(seen) || Date.now() - start > PATIENCE_MS) return seen;
  }
}
