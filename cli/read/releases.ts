import { packRecordSchema } from "../../lib/archive/pack-record.ts";
import { getJson } from "../../lib/objects.ts";
import { packRecordKey, type Reason, type Release } from "../../lib/records.ts";
import { lastLiveFirst } from "../../lib/retention.ts";
import { type Changes, changesBetween } from "../../lib/site/changes.ts";
import { keptNumbers, type Records, type Site } from "./site.ts";

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
  /** Only where they were asked for, and are known. */
  readonly changes?: Changes | undefined;
}

/** A site's releases as they are listed, newest first. Pure. */
export function listed(records: Records): Listed[] {
  const kept = new Set(keptNumbers(records));
  return records.releases.map((release) => {
    const { number, reason, status, startedAt, endedAt, archive, to, failure } = release;
    const was = number === records.live?.release ? "live" : kept.has(number) ? "kept" : "removed";
    const state = status === "live" ? was : status;
    const { files, siteBytes: bytes } = archive ?? {};
    return { number, reason, state, startedAt, endedAt, files, bytes, to, failure: failure?.cause };
  });
}

/**
 * What a release changed against the one that was live before it, by the bytes of each file; undefined where the
 * record of one of both archives is not kept any more.
 */
async function changesOf(
  { store }: Pick<Site, "store">,
  { releases }: Pick<Records, "releases">,
  number: number,
): Promise<Changes | undefined> {
  const release = releases.find((one) => one.number === number);
  const before = lastLiveFirst(releases.filter((one) => one.number < number))[0];
  if (release?.archive === undefined || (before === undefined && number > 1)) return undefined;
  const [now, then] = await Promise.all(
    [release.archive.digest, before?.archive?.digest].map(async (digest) => {
      if (digest === undefined) return [];
      return (await getJson(store, packRecordKey(digest), packRecordSchema))?.value.objects;
    }),
  );
  return now && then && changesBetween(then, now);
}

/** Releases with what each changed. */
export async function withChanges(
  site: Pick<Site, "store">,
  records: Pick<Records, "releases">,
  releases: readonly Listed[],
): Promise<Listed[]> {
  return Promise.all(
    releases.map(async (one) => ({ ...one, changes: await changesOf(site, records, one.number) })),
  );
}
