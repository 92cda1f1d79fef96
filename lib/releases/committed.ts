import type { ObjectStore } from "../objects.ts";
import type { Live, Release } from "./records.ts";
import { updateRelease } from "./stored.ts";

/**
 * Whether what a record stands for is live, whatever the record says: live.json is the commit, and who writes it may
 * die before the record follows. A rollback is live that has brought the machine of its release back since. Pure.
 */
export function isCommitted({ number, to, startedAt }: Release, live: Live | undefined): boolean {
  if (live === undefined) return false;
  return live.release === number || (live.release === to && live.since >= startedAt);
}

/** Writes into the record of what is live that it is. `opened`: the release that the execution opened. */
export async function completeRecord(
  store: ObjectStore,
  opened: Pick<Release, "number">,
  live: Live,
): Promise<void> {
  const { release, since, held: _, ...made } = live;
  // A rollback that brought a kept machine back has a record, and a number, beside the release's own.
  if (opened.number !== release)
    await updateRelease(store, opened.number, { status: "restored", endedAt: since });
  else await updateRelease(store, release, { status: "live", endedAt: since, ...made });
}
