import { z } from "zod";

export const HEALTH_KEY = "health.json";

/** What reconcile saw of the live machine, and how often in a row it did not answer: `health.json`. */
export const healthSchema = z.object({
  instanceId: z.string(),
  misses: z.int().nonnegative(),
  seen: z.discriminatedUnion("answers", [
    z.object({ answers: z.literal(true) }),
    z.object({ answers: z.literal(false), final: z.boolean(), reason: z.string() }),
  ]),
});
export type Health = z.infer<typeof healthSchema>;

/** One missed look may be the network; a machine that misses this many in a row is replaced. */
const MISSES = 2;

/** Decides from this look and the one before whether the machine is dead. Pure. */
export function judge(
  instanceId: string,
  seen: Health["seen"],
  before: Health | undefined,
): { readonly health: Health; readonly dead: boolean } {
  const missedBefore = before?.instanceId === instanceId ? before.misses : 0;
  const misses = seen.answers ? 0 : missedBefore + 1;
  const dead = !seen.answers && (seen.final || misses >= MISSES);
  return { health: { instanceId, misses, seen }, dead };
}
