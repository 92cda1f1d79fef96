import type { DrawnPart, Picture } from "../picture.ts";
import type { Run } from "../view.ts";

/** How a run has moved through a picture. */
export interface Moves {
  /** By the part's name: seconds spent in it so far. */
  readonly spent: ReadonlyMap<string, number>;
  /** Where it is now; undefined when it has ended. */
  readonly at: string | undefined;
  /** The parts in which something failed. */
  readonly failed: ReadonlySet<string>;
  /** The steps from part to part, each once, as "from\nto". */
  readonly taken: ReadonlySet<string>;
  /** The parts in the order in which they were come to. */
  readonly order: readonly string[];
}

/** Follows a run through a picture; `now` in epoch milliseconds. Pure. */
export function movesOf({ parts }: Pick<Picture, "parts">, run: Run | null, now: number): Moves {
  const partOf = new Map<string, DrawnPart>();
  for (const part of parts) for (const state of part.states) partOf.set(state, part);
  const spent = new Map<string, number>();
  const failed = new Set<string>();
  const taken = new Set<string>();
  const order: string[] = [];
  let before: DrawnPart | undefined;
  for (const { state, from, to } of run?.visits ?? []) {
    const part = partOf.get(state);
    if (part === undefined) continue;
    const until = to ?? (run?.status === "RUNNING" ? Math.max(now, from) : from);
    spent.set(part.name, (spent.get(part.name) ?? 0) + (until - from) / 1000);
    if (before !== undefined && before !== part) {
      taken.add(`${before.name}\n${part.name}`);
      if (part.onFailure) failed.add(before.name);
    }
    if (order.at(-1) !== part.name) order.push(part.name);
    before = part;
  }
  const at = run?.status === "RUNNING" ? before?.name : undefined;
  return { spent, at, failed, taken, order };
}
