import * as z from "zod";
import { pauseMs } from "../retry.ts";

export const HEALTH_KEY = "health.json";

/**
 * What reconcile saw of the live machine, how often in a row it did not answer, and how often and when last another
 * one was asked for instead: `health.json`.
 */
export const healthSchema = z.object({
  instanceId: z.string(),
  misses: z.int().nonnegative(),
  seen: z.discriminatedUnion("answers", [
    z.object({ answers: z.literal(true) }),
    z.object({ answers: z.literal(false), final: z.boolean(), reason: z.string() }),
  ]),
  asked: z.object({ times: z.int().positive(), at: z.iso.datetime() }).optional(),
});
export type Health = z.infer<typeof healthSchema>;

/** One missed look may be the network; a machine that misses this many in a row is replaced. */
const MISSES = 2;

/** A site that is down is worth more tries than content that does not work. */
const LONGEST_MS = 60 * 60 * 1000;

/**
 * Decides from this look and the one before whether the machine is dead, and whether to ask for another one now:
 * where that was tried and failed, after 10 minutes, doubling to an hour. Pure; `now` in epoch milliseconds.
 */
export function judge(
  instanceId: string,
  seen: Health["seen"],
  before: Health | undefined,
  now: number,
): { readonly health: Health; readonly dead: boolean; readonly replace: boolean } {
  const known = before?.instanceId === instanceId && !seen.answers ? before : undefined;
  const misses = seen.answers ? 0 : (known?.misses ?? 0) + 1;
  const dead = !seen.answers && (seen.final || misses >= MISSES);
  const { asked } = known ?? {};
  const replace =
    dead && (asked === undefined || now >= Date.parse(asked.at) + pauseMs(asked.times, LONGEST_MS));
  const asking = replace ? { times: (asked?.times ?? 0) + 1, at: new Date(now).toISOString() } : asked;
  return { health: { instanceId, misses, seen, ...(asking && { asked: asking }) }, dead, replace };
}
