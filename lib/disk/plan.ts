import { sha256 } from "../sha256.ts";
import { SiteRefused } from "../site/errors.ts";
import { showSize } from "../site/show.ts";
import { derivedGuid, type GptTable, sectorBytes } from "./gpt.ts";

/** The unit of EBS direct's snapshots (EBS User Guide, "EBS direct APIs"). */
export const blockBytes = 512 * 1024;

const gib = 1024 ** 3;

/** Largest disk made. A site of the largest size takes 3 GiB; more than this is a mistake somewhere. */
export const largestDisk = 16 * gib;

/** What goes on the disk. */
export interface DiskContent {
  /** Bytes of the boot partition's image. */
  readonly bootBytes: number;
  /** The identity tar. */
  readonly identity: Buffer;
  /** Bytes of the site archive. */
  readonly archiveBytes: number;
  /** SHA-256 of the boot image, and the archive digest; lower-case hex. */
  readonly digests: { readonly boot: string; readonly archive: string };
  /** GiB of the volume. Default: as few as hold everything. */
  readonly volumeGiB?: number | undefined;
}

interface PlannedPartition {
  readonly name: "boot" | "identity" | "site";
  /** Bytes from the start of the disk. */
  readonly offset: number;
  /** Of the partition. */
  readonly bytes: number;
  /** Of what it holds; the rest is zero. */
  readonly contentBytes: number;
}

/** Where everything goes. */
export interface DiskPlan {
  /** Of the whole disk: a whole number of GiB. */
  readonly bytes: number;
  readonly volumeGiB: number;
  readonly blocks: number;
  readonly partitions: readonly PlannedPartition[];
  readonly identity: Buffer;
  readonly table: GptTable;
}

/** The volume asked for does not hold the site. */
export class DiskTooSmall extends SiteRefused {
  constructor(needed: number, volumeGiB: number) {
    super(
      "DiskTooSmall",
      `The site and its machine take ${showSize(needed)}, which does not fit a volume of ${volumeGiB} GiB. ` +
        `Set the volume to ${Math.ceil(needed / gib)} GiB or more, or leave it out.`,
    );
  }
}

/** No volume that mirage-pages makes holds this. */
export class DiskTooLarge extends SiteRefused {
  constructor(bytes: number) {
    super(
      "DiskTooLarge",
      `The disk would be ${showSize(bytes)}; the limit is ${showSize(largestDisk)}. Make the site smaller.`,
    );
  }
}

const types = {
  boot: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
  identity: "4D495241-4745-4944-8000-000000000001",
  site: "4D495241-4745-5349-8000-000000000001",
} as const;

/**
 * Lays a disk out (docs/archive.md, "Disk"). Pure; equal content gives an equal plan. Throws DiskTooSmall when
 * `volumeGiB` does not hold it, DiskTooLarge above `largestDisk`, RangeError on sizes that are none.
 */
export function planDisk(content: DiskContent): DiskPlan {
  const { bootBytes, identity, archiveBytes, digests } = content;
  const holds = [
    { name: "boot", contentBytes: bootBytes, digest: digests.boot },
    { name: "identity", contentBytes: identity.length, digest: sha256(identity) },
    { name: "site", contentBytes: archiveBytes, digest: digests.archive },
  ] as const;
  let end = blockBytes;
  const partitions = holds.map(({ name, contentBytes }): PlannedPartition => {
    if (!Number.isSafeInteger(contentBytes) || contentBytes <= 0) {
      throw new RangeError(`The ${name} partition would hold ${contentBytes} bytes.`);
    }
    const partition = { name, offset: end, bytes: roundUp(contentBytes, blockBytes), contentBytes };
    end += partition.bytes;
    return partition;
  });
  // The backup table takes the end of the last block, which no partition may therefore use.
  const volumeGiB = volumeFor(end + blockBytes, content.volumeGiB);
  const bytes = volumeGiB * gib;
  const table: GptTable = {
    diskGuid: derivedGuid(`mirage-pages disk\n${holds.map(({ digest }) => `${digest}\n`).join("")}`),
    sectors: bytes / sectorBytes,
    partitions: partitions.map(({ name, offset, bytes: length }, i) => ({
      name,
      typeGuid: types[name],
      guid: derivedGuid(`mirage-pages partition ${name}\n${holds[i]?.digest}\n`),
      firstSector: offset / sectorBytes,
      lastSector: (offset + length) / sectorBytes - 1,
    })),
  };
  return { bytes, volumeGiB, blocks: bytes / blockBytes, partitions, identity, table };
}

function volumeFor(needed: number, wanted: number | undefined): number {
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1)) {
    throw new RangeError(`A volume of ${wanted} GiB: volumes are whole GiB.`);
  }
  if (wanted !== undefined && needed > wanted * gib) throw new DiskTooSmall(needed, wanted);
  const volumeGiB = wanted ?? Math.ceil(needed / gib);
  if (volumeGiB * gib > largestDisk) throw new DiskTooLarge(volumeGiB * gib);
  return volumeGiB;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
