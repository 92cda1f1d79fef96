import { isDue } from "../retry.ts";
import type { Held, Live, Reason, Refused } from "./records.ts";

/**
 * What holds the site once a release is live that was made for a reason. A rollback holds it against the content
 * that the bucket goes on listing; content that is deployed ends that, nothing else does. Pure.
 */
export function heldAfter(
  before: Live | undefined,
  { reason, listing, since }: { readonly reason: Reason; readonly listing: string; readonly since: string },
): Held | undefined {
  if (before === undefined || reason === "content") return undefined;
  if (reason !== "rollback") return before.held;
  const bucket = before.held ?? { listing: before.listing, release: before.release };
  // Back at what the bucket holds: nothing is left to be held against.
  return bucket.listing === listing ? undefined : { ...bucket, since };
}

/**
 * Whether what the bucket lists should be deployed: it is not live, no rollback holds the site against it, and it
 * was not refused, or its last failure is long enough ago. What failed before a rollback was decided against with
 * it. Pure; `now` in epoch milliseconds.
 */
export function isContentDue(
  listing: string,
  live: Live | undefined,
  refused: Refused | undefined,
  now: number,
): boolean {
  if (listing === live?.listing || listing === live?.held?.listing) return false;
  if (refused?.listing !== listing) return true;
  if (live?.held !== undefined && refused.at < live.held.since) return false;
  return isDue(refused, now);
}
