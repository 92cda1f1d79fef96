import {
  archiveKey,
  bootKey,
  bootRecordKey,
  chainKey,
  listingKey,
  packRecordKey,
  privateKeyKey,
} from "./object-keys.ts";
import type { Live, Release } from "./records.ts";

/** Where the objects lie that may go. */
export const RETIRED_PREFIXES = [
  "archives/",
  "boot/",
  "listings/",
  "imports/",
  "consoles/",
  "certificates/",
  "keys/",
  "cursors/",
];

/** What is kept for a release alone, by its number. */
const BY_RELEASE = /^(?:keys|cursors)\/access-log\/(\d+)/;

export interface Inventory {
  /** Undefined before the first release. */
  readonly live: Live | undefined;
  readonly releases: readonly Release[];
  readonly machines: readonly { instanceId: string; state: string; release: number }[];
  readonly images: readonly { imageId: string; release: number }[];
  readonly snapshots: readonly { snapshotId: string; release: number }[];
  /** Keys below RETIRED_PREFIXES. */
  readonly objects: readonly string[];
  /** Serial number of the certificate that the next release shows. */
  readonly certificate: string | undefined;
  readonly addressHolder: string | undefined;
  /** How many releases before the live one are kept for rollback; those of a certificate do not count. */
  readonly keep: number;
}

export interface Retirement {
  readonly stopped: string[];
  readonly terminated: string[];
  readonly images: string[];
  readonly snapshots: string[];
  readonly objects: string[];
  /** Numbers of the releases that were being prepared by an execution that is no more. */
  readonly abandoned: number[];
}

/** What machines that did not answer wrote to their consoles is kept for this many releases. */
const CONSOLES = 20;

/** The releases that were live, the last one first: a rollback's record tells when its release was so again. Pure. */
export function lastLiveFirst(releases: readonly Release[]): Release[] {
  const last = new Map(
    releases.filter(({ status }) => status === "live").map(({ number }) => [number, number]),
  );
  for (const { number, status, to } of releases) {
    if (status === "restored" && to !== undefined) last.set(to, Math.max(number, last.get(to) ?? 0));
  }
  const when = ({ number }: Release) => last.get(number) ?? 0;
  return releases.filter(({ status }) => status === "live").toSorted((a, b) => when(b) - when(a));
}

/**
 * The numbers of the releases that are kept: the live one, and the last `keep` other ones that were live. Of
 * releases that serve the same bytes by the same program only the last one is kept: nobody goes back from one to
 * the other.
 */
export function keptReleases({
  live,
  releases,
  keep,
}: Pick<Inventory, "live" | "releases" | "keep">): Set<number> {
  return new Set(
    live === undefined ? [] : [live.release, ...keptBeside({ live, releases, keep }).map(numberOf)],
  );
}

const numberOf = ({ number }: Release) => number;
const counts = ({ reason }: Release) => reason !== "certificate";

/** Whether older releases than these cannot be among those that are kept. Pure. */
export function isAllThatIsKept(inventory: Pick<Inventory, "live" | "releases" | "keep">): boolean {
  const { live, keep } = inventory;
  return live === undefined || keptBeside({ ...inventory, live }).filter(counts).length >= keep;
}

function keptBeside({
  live,
  releases,
  keep,
}: { live: Live } & Pick<Inventory, "releases" | "keep">): Release[] {
  const others: Release[] = [];
  for (const release of lastLiveFirst(releases)) {
    const counted = others.filter(counts).length;
    if (release.number === live.release || counted >= keep) continue;
    if ([live, ...others].some((newer) => servesTheSame(newer, release))) continue;
    others.push(release);
  }
  return others;
}

/**
 * Decides what goes, with the turn in hand: no release is being prepared then, but by executions that are no more.
 * Pure. A kept release keeps its machine (stopped), image, snapshot, archive and boot partition; of everything else
 * nothing stays. The live machine and the one that has the address while there is one are never touched.
 */
export function planRetirement(inventory: Inventory): Retirement {
  const { releases } = inventory;
  const kept = keptReleases(inventory);
  const goes = ({ release }: { release: number }) => !kept.has(release);
  return {
    ...retiredMachines(inventory, kept),
    images: inventory.images.filter(goes).map(({ imageId }) => imageId),
    snapshots: inventory.snapshots.filter(goes).map(({ snapshotId }) => snapshotId),
    objects: retiredObjects(inventory, kept),
    abandoned: releases.filter(({ status }) => status === "preparing").map(({ number }) => number),
  };
}

function retiredMachines(
  { live, releases, machines, addressHolder }: Inventory,
  kept: ReadonlySet<number>,
): Pick<Retirement, "stopped" | "terminated"> {
  const idle = machines.filter(
    ({ instanceId }) => live === undefined || ![live.instanceId, addressHolder].includes(instanceId),
  );
  // A second machine of a kept release is one that was given up before the release's own answered.
  const recorded = new Map(releases.map(({ number, instanceId }) => [number, instanceId]));
  const own = ({ instanceId, release }: Inventory["machines"][number]): boolean =>
    kept.has(release) && (recorded.get(release) ?? instanceId) === instanceId;
  return {
    stopped: idle
      .filter((machine) => own(machine) && machine.state === "running")
      .map(({ instanceId }) => instanceId),
    terminated: idle.filter((machine) => !own(machine)).map(({ instanceId }) => instanceId),
  };
}

function retiredObjects(
  { live, releases, objects, certificate }: Inventory,
  kept: ReadonlySet<number>,
): string[] {
  const consoles = releases.map(({ number }) => number).sort((a, b) => b - a)[CONSOLES - 1] ?? 0;
  const using = [...(live ? [live] : []), ...releases.filter(({ number }) => kept.has(number))];
  const needed = new Set(using.flatMap(objectsOf));
  const builds = new Set([...needed].filter((key) => key.startsWith("boot/")).map(folder));
  // Only what a release has shown: a certificate that was stored a moment ago is still to be deployed.
  const shown = releases.flatMap((release) => release.certificate?.serial ?? []);
  const outlived = new Set(shown.filter((serial) => serial !== certificate).flatMap(certificateKeys));
  return objects.filter((key) => {
    if (key.startsWith("consoles/")) return Number.parseInt(key.slice("consoles/".length), 10) < consoles;
    const [, release] = BY_RELEASE.exec(key) ?? [];
    if (release !== undefined) return !kept.has(Number(release));
    if (key.startsWith("boot/")) return !builds.has(folder(key));
    const secret = key.startsWith("certificates/") || key.startsWith("keys/");
    return !needed.has(key) && (!secret || outlived.has(key));
  });
}

/** The keys of what a release is made of. */
function objectsOf({ listing, archive, certificate, boot }: Live | Release): string[] {
  return [
    ...(listing ? [listingKey(listing)] : []),
    ...(archive ? [archiveKey(archive.digest), packRecordKey(archive.digest)] : []),
    ...(certificate ? certificateKeys(certificate.serial) : []),
    ...(boot ? [bootKey(boot.build), bootRecordKey(boot.build)] : []),
  ];
}

type Serving = Pick<Release, "archive" | "boot">;

/** Whether two releases differ in their certificate at most. Pure. */
export function servesTheSame(one: Serving, other: Serving): boolean {
  if (one.archive === undefined || one.boot === undefined) return false;
  return one.archive.digest === other.archive?.digest && one.boot.digest === other.boot?.digest;
}

function certificateKeys(serial: string): string[] {
  return [chainKey(serial), privateKeyKey(serial)];
}

function folder(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}
