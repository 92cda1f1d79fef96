import type { Source } from "../../lib/disk/source.ts";

/*
 * As much of FAT12, FAT16 and FAT32 as it takes to list directories ("Microsoft FAT Specification", 2005).
 */

interface Fat {
  readonly volume: Source;
  readonly clusterBytes: number;
  readonly dataStart: number;
  readonly root: { readonly cluster: number } | { readonly offset: number; readonly bytes: number };
  next(cluster: number): Promise<number | undefined>;
}

interface Entry {
  readonly name: string;
  readonly directory: boolean;
  readonly cluster: number;
}

/**
 * The names of the directories within a directory of the root. Undefined when the volume is not FAT; empty
 * when there is no such directory.
 */
export async function fatDirectories(volume: Source, name: string): Promise<string[] | undefined> {
  const entries = await fatEntries(volume, [name]);
  return entries?.filter((entry) => entry.directory).map((entry) => entry.name);
}

/** Whether a FAT volume has this file, by the path's parts, without regard to case. */
export async function fatHolds(volume: Source, path: readonly string[]): Promise<boolean> {
  const entries = await fatEntries(volume, path.slice(0, -1));
  const last = path.at(-1)?.toLowerCase();
  return entries?.some((entry) => !entry.directory && entry.name.toLowerCase() === last) ?? false;
}

async function fatEntries(volume: Source, path: readonly string[]): Promise<Entry[] | undefined> {
  const fat = await readFat(volume);
  if (!fat) return undefined;
  let entries =
    "cluster" in fat.root
      ? parse(await chain(fat, fat.root.cluster))
      : parse(await volume.read(fat.root.offset, fat.root.bytes));
  for (const part of path) {
    const next = entries.find((entry) => entry.directory && entry.name.toLowerCase() === part.toLowerCase());
    if (!next) return [];
    entries = parse(await chain(fat, next.cluster));
  }
  return entries;
}

async function readFat(volume: Source): Promise<Fat | undefined> {
  if (volume.size < 512) return undefined;
  const boot = await volume.read(0, 512);
  const sectorBytes = boot.readUInt16LE(11);
  const clusterSectors = boot.readUInt8(13);
  const signed = boot.readUInt16LE(510) === 0xaa55;
  if (!signed || ![512, 1024, 2048, 4096].includes(sectorBytes) || clusterSectors === 0) return undefined;
  const reserved = boot.readUInt16LE(14);
  const fats = boot.readUInt8(16);
  const rootEntries = boot.readUInt16LE(17);
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const fatSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36);
  if (fats === 0 || fatSectors === 0 || sectors === 0) return undefined;
  const rootStart = (reserved + fats * fatSectors) * sectorBytes;
  const rootBytes = rootEntries * 32;
  const dataStart = rootStart + Math.ceil(rootBytes / sectorBytes) * sectorBytes;
  const clusters = Math.floor((sectors * sectorBytes - dataStart) / (sectorBytes * clusterSectors));
  const bits = clusters < 4085 ? 12 : clusters < 65525 ? 16 : 32;
  const table = reserved * sectorBytes;
  return {
    volume,
    clusterBytes: sectorBytes * clusterSectors,
    dataStart,
    root: bits === 32 ? { cluster: boot.readUInt32LE(44) } : { offset: rootStart, bytes: rootBytes },
    async next(cluster) {
      const value = await entryOf(volume, table, bits, cluster);
      return value >= 2 && value < clusters + 2 ? value : undefined;
    },
  };
}

async function entryOf(volume: Source, table: number, bits: 12 | 16 | 32, cluster: number): Promise<number> {
  if (bits === 32) return (await volume.read(table + cluster * 4, 4)).readUInt32LE() & 0x0fffffff;
  if (bits === 16) return (await volume.read(table + cluster * 2, 2)).readUInt16LE();
  const pair = (await volume.read(table + Math.floor(cluster * 1.5), 2)).readUInt16LE();
  return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
}

/** Directories of more clusters than this are damaged, or not ours to read. */
const longestChain = 1024;

async function chain(fat: Fat, first: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let cluster: number | undefined = first;
  while (cluster !== undefined && cluster >= 2 && parts.length < longestChain) {
    parts.push(await fat.volume.read(fat.dataStart + (cluster - 2) * fat.clusterBytes, fat.clusterBytes));
    cluster = await fat.next(cluster);
  }
  return Buffer.concat(parts);
}

function parse(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  let long = "";
  for (let at = 0; at + 32 <= bytes.length; at += 32) {
    const record = bytes.subarray(at, at + 32);
    if (record[0] === 0) break;
    const attributes = record.readUInt8(11);
    if (record[0] === 0xe5) {
      long = "";
    } else if (attributes === 0x0f) {
      long = longPart(record) + long;
    } else {
      const name = long.replace(/\0.*$/s, "") || shortName(record);
      long = "";
      const cluster = record.readUInt16LE(20) * 65536 + record.readUInt16LE(26);
      const isLabel = (attributes & 0x08) !== 0;
      if (!isLabel && name !== "." && name !== "..") {
        entries.push({ name, directory: (attributes & 0x10) !== 0, cluster });
      }
    }
  }
  return entries;
}

function longPart(record: Buffer): string {
  return (
    record.toString("utf16le", 1, 11) +
    record.toString("utf16le", 14, 26) +
    record.toString("utf16le", 28, 32)
  );
}

function shortName(record: Buffer): string {
  const base = record.toString("latin1", 0, 8).trimEnd();
  const extension = record.toString("latin1", 8, 11).trimEnd();
  return extension ? `${base}.${extension}` : base;
}
