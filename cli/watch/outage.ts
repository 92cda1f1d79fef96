import { setTimeout as pause } from "node:timers/promises";
import { CommandFailed, unanswered } from "../failure.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
const LIMIT_MS = 5 * 60 * 1000;

/**
 * Looks at AWS until it answers, with growing pauses. `tell` hears once why it does not, and undefined when it does
 * again. Rejects with CommandFailed when it has not answered for `limitMs`, with the look's error when that is an
 * answer, and with the signal's reason.
 */
export async function seeThrough<T>(
  look: () => Promise<T>,
  tell: (why: string | undefined) => void,
  signal: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<T> {
  let since: number | undefined;
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
    try {
      const seen = await look();
      if (since !== undefined) tell(undefined);
      return seen;
    } catch (error) {
      const why = error instanceof Error ? unanswered(error) : undefined;
      if (why === undefined || signal.aborted) throw error;
      if (since === undefined) tell(why);
      since ??= Date.now();
      if (Date.now() - since > limitMs) {
        const minutes = Math.round(limitMs / 60_000);
        throw new CommandFailed(
          `AWS has not answered for ${minutes} minutes (${why}). What was begun there goes on without us: ` +
            "see `mirage-pages status` when the network is back.",
        );
      }
      await pause(ms, undefined, { signal });
    }
  }
}
