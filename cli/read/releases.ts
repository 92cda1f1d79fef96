import type { Changes, Reason, Release } from "../../lib/releases/records.ts";
import { keptNumbers, type Records } from "./site.ts";

/** A release as it is listed; times as ISO 8601, sizes in bytes. */
export interface Listed {
  readonly number: number;
  readonly reason: Reason;
  /** As recorded; "kept" and "removed" for what was live once. */
  readonly state: "live" | "kept" | "removed" | Exclude<Release["status"], "live">;
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly files: number | undefined;
  readonly bytes: number | undefined;
  /** Where a rollback went to. */
  readonly to: number | undefined;
  readonly failure: string | undefined;
  /** Against what was live before, as far as it was known. */
  readonly changes: Changes | undefined;
}

/** A site's releases as they are listed, newest first. Pure. */
export function listed(records: Records): Listed[] {
  const kept = new Set(keptNumbers(records));
  return records.releases.map((release) => {
    const { number, reason, status, startedAt, endedAt, archive, to, failure, changes } = release;
    const was = number === records.live?.release ? "live" : kept.has(number) ? "kept" : "removed";
    const state = status === "live" ? was : status;
    const { files, siteBytes: bytes } = archive ?? {};
    return { number, reason, state, startedAt, endedAt, files, bytes, to, failure: failure?.cause, changes };
  });
}
