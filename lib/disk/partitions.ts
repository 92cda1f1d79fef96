import { BadDisk, readTable, sectorBytes } from "./gpt.ts";
import type { Source } from "./source.ts";

/** A partition as the disk's own table tells it. */
export interface Partition {
  readonly name: string;
  /** Upper case. */
  readonly typeGuid: string;
  readonly guid: string;
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Reads a disk's partitions from both of its tables, which must be whole and agree. Throws BadDisk, or what
 * the source throws.
 */
export async function readPartitions(disk: Source): Promise<Partition[]> {
  const sectors = disk.size / sectorBytes;
  if (!Number.isInteger(sectors) || sectors < 128) throw new BadDisk(`A disk of ${disk.size} bytes`);
  const mbr = await disk.read(0, sectorBytes);
  if (mbr.readUInt16LE(510) !== 0xaa55 || mbr[450] !== 0xee) throw new BadDisk("There is no protective MBR");
  const tableAt = (sector: number, bytes: number): Promise<Buffer> => disk.read(sector * sectorBytes, bytes);
  const [primary, backup] = await Promise.all(
    [1, sectors - 1].map(async (sector) =>
      readTable(await disk.read(sector * sectorBytes, sectorBytes), sector, sectors, tableAt),
    ),
  );
  if (primary === undefined || JSON.stringify(primary) !== JSON.stringify(backup)) {
    throw new BadDisk("The partition table and its backup differ");
  }
  return primary.partitions.map(({ name, typeGuid, guid, firstSector, lastSector }) => ({
    name,
    typeGuid,
    guid,
    offset: firstSector * sectorBytes,
    bytes: (lastSector - firstSector + 1) * sectorBytes,
  }));
}
