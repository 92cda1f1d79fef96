import {
  archiveKey,
  bootKey,
  bootRecordKey,
  listingKey,
  packRecordKey,
} from "../../../lib/releases/object-keys.ts";
import type { Release } from "../../../lib/releases/records.ts";
import type { World } from "../world.ts";

/**
 * What retention keeps: the live release and the last ones that were live, as docs and settings say it; of those that
 * serve the same by the same program only the last.
 */
export interface Kept {
  readonly instances: ReadonlySet<string>;
  readonly images: ReadonlySet<string>;
  readonly snapshots: ReadonlySet<string>;
  readonly objects: ReadonlySet<string>;
}

export function keptOf(world: World): Kept {
  const live = world.live();
  const releases = world.releases();
  const restored = releases.filter(({ status }) => status === "restored");
  const lastLive = ({ number }: Release) =>
    Math.max(number, restored.findLast(({ to }) => to === number)?.number ?? 0);
  const serves = ({ archive, boot }: Pick<Release, "archive" | "boot">) =>
    `${archive?.digest} by ${boot?.digest}`;
  const kept: Pick<Release, "instanceId" | "image" | "archive" | "listing" | "boot">[] =
    live === undefined ? [] : [live];
  let counted = 0;
  for (const release of releases.toSorted((a, b) => lastLive(b) - lastLive(a))) {
    // Beside what it serves: an adopted listing stands in live.json, the one it was made of in its record.
    if (release.number === live?.release) kept.push(release);
    if (live === undefined || release.status !== "live" || release.number === live.release) continue;
    if (counted >= world.choices.keep) continue;
    if (kept.some((newer) => serves(newer) === serves(release))) continue;
    kept.push(release);
    if (release.reason !== "certificate") counted += 1;
  }
  const all = (of: (release: (typeof kept)[number]) => readonly (string | undefined)[]) =>
    new Set(kept.flatMap(of).filter((name) => name !== undefined));
  return {
    instances: all(({ instanceId }) => [instanceId]),
    images: all(({ image }) => [image?.imageId]),
    snapshots: all(({ image }) => [image?.snapshotId]),
    objects: all(({ archive, listing, boot }) => [
      archive && archiveKey(archive.digest),
      archive && packRecordKey(archive.digest),
      listing && listingKey(listing),
      ...(boot === undefined ? [] : [bootKey(boot.build), bootRecordKey(boot.build)]),
    ]),
  };
}
