import { type CostLine, costOf, recorded, type Usage, usageOfMonth } from "../../lib/costs.ts";
import type { Release } from "../../lib/releases/records.ts";
import { keptReleases } from "../../lib/releases/retention.ts";
import { findDeployed, physicalIds } from "../doctor/deployed.ts";
import type { Fleet } from "./fleet.ts";
import { parametersOf, type Records, type Site } from "./site.ts";

/** What a month costs as things stand: US dollars in us-east-1, without tax, free tiers, traffic and logs. */
export interface Costs {
  readonly usd: number;
  /** The dearest first; deployments are in them. */
  readonly lines: readonly CostLine[];
  /** Deployments of the last 30 days. */
  readonly deployments: number;
  /** What is used and has no price here. */
  readonly missing: readonly string[];
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** CertificateHoursLeft. */
const METRICS = 1;
/** The only type whose price lib/costs.ts knows. */
const PRICED_TYPE = "t3.nano";

/** Estimates the month's cost from what there is: machines, disks, archives, and the deployments of 30 days. */
export async function costsOf(
  site: Site,
  records: Records,
  { machines }: Pick<Fleet, "machines">,
): Promise<Costs> {
  const [deployed, { instanceType = PRICED_TYPE }] = await Promise.all([
    findDeployed(site.stack),
    parametersOf(site),
  ]);
  const { live, releases } = records;
  const standing = usageOfMonth({
    volumeGiB: 1,
    diskBytes: live === undefined ? 0 : live.archive.bytes + live.boot.bytes,
    keptReleases: Math.max(machines.length - 1, 0),
    storedBytes: storedBytes(records),
    alarms: deployed === undefined ? 0 : physicalIds(deployed, "AWS::CloudWatch::Alarm").length,
    metrics: METRICS,
    reconcile: recorded.reconcile,
  });
  const deployments = releases.filter(
    ({ startedAt }) => Date.now() - Date.parse(startedAt) < 30 * DAY_MS,
  ).length;
  const known = instanceType === PRICED_TYPE;
  const { nanoHour = 0, ...others } = standing;
  const running = known && machines.some(({ state }) => state === "running");
  const usage = added({ ...others, ...(running && { nanoHour }) }, recorded.deployment, deployments);
  const { lines, usd } = costOf(usage);
  return { usd, lines, deployments, missing: known ? [] : [`the machine: an hour of a ${instanceType}`] };
}

function added(standing: Usage, one: Usage, times: number): Usage {
  const sum: Partial<Record<keyof Usage, number>> = { ...standing };
  for (const [name, quantity] of Object.entries(one) as [keyof Usage, number][])
    sum[name] = (sum[name] ?? 0) + quantity * times;
  return sum;
}

/** The site in its bucket, and each archive and boot partition that is kept. */
function storedBytes(records: Records): number {
  const kept = keptReleases(records);
  const stored = new Map<string, number>();
  for (const { number, archive, boot } of records.releases.filter((one: Release) => kept.has(one.number))) {
    if (archive !== undefined) stored.set(archive.digest, archive.bytes);
    if (boot !== undefined) stored.set(boot.digest, boot.bytes);
    if (archive !== undefined && number === records.live?.release) stored.set("content", archive.siteBytes);
  }
  return [...stored.values()].reduce((sum, bytes) => sum + bytes, 0);
}
