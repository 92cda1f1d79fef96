import {
  archiveKey,
  bootKey,
  bootRecordKey,
  chainKey,
  type Live,
  listingKey,
  privateKeyKey,
  type Release,
} from "./records.ts";

export interface Inventory {
  readonly live: Live;
  readonly releases: readonly Release[];
  readonly machines: readonly { instanceId: string; state: string; release: number }[];
  readonly images: readonly { imageId: string; release: number }[];
  readonly snapshots: readonly { snapshotId: string; release: number }[];
  /** Keys below archives/, boot/, listings/, certificates/ and keys/. */
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
}

/** The numbers of the releases that are kept: the live one, and the last `keep` other ones that were live. */
export function keptReleases({
  live,
  releases,
  keep,
}: Pick<Inventory, "live" | "releases" | "keep">): Set<number> {
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
 * Decides what goes once a release is live. Pure. A kept release keeps its machine (stopped), image,
 * snapshot, archive and boot partition; of everything else nothing stays. The machine that has the address
 * is never touched, and neither is a release that is just being prepared.
 */
export function planRetirement(inventory: Inventory): Retirement {
  const { live, releases, machines, addressHolder } = inventory;
  const kept = keptReleases(inventory);
  const preparing = releases.filter(({ status }) => status === "preparing");
  for (const { number } of preparing) if (number > live.release) kept.add(number);
  const idle = machines.filter(
    ({ instanceId }) => instanceId !== live.instanceId && instanceId !== addressHolder,
  );
  const needed = new Set(
    [live, ...releases.filter(({ number }) => kept.has(number))].flatMap((release) => [
      ...(release.listing ? [listingKey(release.listing)] : []),
      ...(release.archive ? [archiveKey(release.archive.digest)] : []),
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
      .filter(({ release, state }) => kept.has(release) && release <= live.release && state === "running")
      .map(({ instanceId }) => instanceId),
    terminated: idle.filter(({ release }) => !kept.has(release)).map(({ instanceId }) => instanceId),
    images: inventory.images.filter(({ release }) => !kept.has(release)).map(({ imageId }) => imageId),
    snapshots: inventory.snapshots
      .filter(({ release }) => !kept.has(release))
      .map(({ snapshotId }) => snapshotId),
    objects: inventory.objects.filter((key) => {
      if (key.startsWith("boot/")) return !builds.has(folder(key));
      if (key.startsWith("certificates/") || key.startsWith("keys/")) return outlived.has(key);
      return !needed.has(key);
    }),
  };
}

function certificateKeys(serial: string): string[] {
  return [chainKey(serial), privateKeyKey(serial)];
}

function folder(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}
