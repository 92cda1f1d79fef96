import {
  archiveKey,
  bootKey,
  bootRecordKey,
  chainKey,
  type Live,
  listingKey,
  packRecordKey,
  privateKeyKey,
  type Release,
} from "./records.ts";

export interface Inventory {
  /** Undefined before the first release. */
  readonly live: Live | undefined;
  readonly releases: readonly Release[];
  readonly machines: readonly { instanceId: string; state: string; release: number }[];
  readonly images: readonly { imageId: string; release: number }[];
  readonly snapshots: readonly { snapshotId: string; release: number }[];
  /** Keys below archives/, boot/, listings/, imports/, consoles/, certificates/ and keys/. */
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

/** The numbers of the releases that are kept: the live one, and the last `keep` other ones that were live. */
export function keptReleases({
  live,
  releases,
  keep,
}: Pick<Inventory, "live" | "releases" | "keep">): Set<number> {
  if (live === undefined) return new Set();
  const kept = new Set([live.release]);
  let counted = 0;
  for (const release of releases.toSorted((a, b) => b.number - a.number)) {
    if (release.status !== "live" || release.number === live.release || counted >= keep) continue;
    kept.add(release.number);
    if (release.reason !== "certificate") counted += 1;
  }
  return kept;
}

/**
 * Decides what goes, with the turn in hand: no release is being prepared then, but by executions that are no more.
 * Pure. A kept release keeps its machine (stopped), image, snapshot, archive and boot partition; of everything else
 * nothing stays. The live machine and the one that has the address while there is one are never touched.
 */
export function planRetirement(inventory: Inventory): Retirement {
  const { live, releases, machines, addressHolder } = inventory;
  const kept = keptReleases(inventory);
  const idle = machines.filter(
    ({ instanceId }) => live === undefined || ![live.instanceId, addressHolder].includes(instanceId),
  );
  // A second machine of a kept release is one that was given up before the release's own answered.
  const recorded = new Map(releases.map(({ number, instanceId }) => [number, instanceId]));
  const own = ({ instanceId, release }: Inventory["machines"][number]): boolean =>
    kept.has(release) && (recorded.get(release) ?? instanceId) === instanceId;
  const consoles = releases.map(({ number }) => number).sort((a, b) => b - a)[CONSOLES - 1] ?? 0;
  const needed = new Set(
    [...(live ? [live] : []), ...releases.filter(({ number }) => kept.has(number))].flatMap((release) => [
      ...(release.listing ? [listingKey(release.listing)] : []),
      ...(release.archive ? [archiveKey(release.archive.digest), packRecordKey(release.archive.digest)] : []),
      ...(release.certificate ? certificateKeys(release.certificate.serial) : []),
      ...(release.boot ? [bootKey(release.boot.build), bootRecordKey(release.boot.build)] : []),
    ]),
  );
  const builds = new Set([...needed].filter((key) => key.startsWith("boot/")).map(folder));
  // Only what a release has shown: a certificate that was stored a moment ago is still to be deployed.
  const outlived = new Set(
    releases
      .map(({ certificate }) => certificate?.serial)
      .filter((serial) => serial !== undefined && serial !== inventory.certificate)
      .flatMap((serial) => certificateKeys(serial ?? ""))
      .filter((key) => !needed.has(key)),
  );
  return {
    stopped: idle
      .filter((machine) => own(machine) && machine.state === "running")
      .map(({ instanceId }) => instanceId),
    terminated: idle.filter((machine) => !own(machine)).map(({ instanceId }) => instanceId),
    images: inventory.images.filter(({ release }) => !kept.has(release)).map(({ imageId }) => imageId),
    snapshots: inventory.snapshots
      .filter(({ release }) => !kept.has(release))
      .map(({ snapshotId }) => snapshotId),
    objects: inventory.objects.filter((key) => {
      if (key.startsWith("consoles/")) return Number.parseInt(key.slice("consoles/".length), 10) < consoles;
      if (key.startsWith("boot/")) return !builds.has(folder(key));
      if (key.startsWith("certificates/") || key.startsWith("keys/")) return outlived.has(key);
      return !needed.has(key);
    }),
    abandoned: releases.filter(({ status }) => status === "preparing").map(({ number }) => number),
  };
}

function certificateKeys(serial: string): string[] {
  return [chainKey(serial), privateKeyKey(serial)];
}

function folder(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}
