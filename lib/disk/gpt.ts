import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** GUID partition table, UEFI Specification 2.10, chapter 5; only what docs/archive.md uses. */
export const sectorBytes = 512;

const entryBytes = 128;
const entryCount = 128;
const tableSectors = (entryBytes * entryCount) / sectorBytes;
const headerBytes = 92;

/** Sectors at the start of the disk that are not for partitions: protective MBR, header, table. */
const leadingSectors = 2 + tableSectors;
/** Sectors at its end: table, header. */
const trailingSectors = tableSectors + 1;

interface GptPartition {
  readonly name: string;
  readonly typeGuid: string;
  readonly guid: string;
  readonly firstSector: number;
  /** The last sector that belongs to it. */
  readonly lastSector: number;
}

export interface GptTable {
  readonly diskGuid: string;
  /** Sectors of the whole disk. */
  readonly sectors: number;
  readonly partitions: readonly GptPartition[];
}

/** A disk whose partition table does not hold. */
export class BadDisk extends Error {
  constructor(what: string) {
    super(`${what}. The disk is damaged or was not written by mirage-pages.`);
    this.name = "BadDisk";
  }
}

/** Protective MBR, primary header and table: the first `leadingSectors` sectors of the disk. */
export function leadingTable(table: GptTable): Buffer {
  const entries = encodeEntries(table.partitions);
  return Buffer.concat([protectiveMbr(table.sectors), header(table, entries, true), entries]);
}

/** Backup table and header: the last `trailingSectors` sectors of the disk. */
export function trailingTable(table: GptTable): Buffer {
  const entries = encodeEntries(table.partitions);
  return Buffer.concat([entries, header(table, entries, false)]);
}

/** One partition of type EE over the whole disk, as far as 32 bits reach (UEFI 5.2.3). */
function protectiveMbr(sectors: number): Buffer {
  const mbr = Buffer.alloc(sectorBytes);
  mbr.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446);
  mbr.writeUInt32LE(1, 454);
  mbr.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 458);
  mbr.writeUInt16LE(0xaa55, 510);
  return mbr;
}

function header(table: GptTable, entries: Buffer, primary: boolean): Buffer {
  const last = table.sectors - 1;
  const buffer = Buffer.alloc(sectorBytes);
  buffer.write("EFI PART", 0, "latin1");
  buffer.writeUInt32LE(0x00010000, 8);
  buffer.writeUInt32LE(headerBytes, 12);
  buffer.writeBigUInt64LE(BigInt(primary ? 1 : last), 24);
  buffer.writeBigUInt64LE(BigInt(primary ? last : 1), 32);
  buffer.writeBigUInt64LE(BigInt(leadingSectors), 40);
  buffer.writeBigUInt64LE(BigInt(last - trailingSectors), 48);
  guidBytes(table.diskGuid).copy(buffer, 56);
  buffer.writeBigUInt64LE(BigInt(primary ? 2 : last - tableSectors), 72);
  buffer.writeUInt32LE(entryCount, 80);
  buffer.writeUInt32LE(entryBytes, 84);
  buffer.writeUInt32LE(crc32(entries), 88);
  buffer.writeUInt32LE(crc32(buffer.subarray(0, headerBytes)), 16);
  return buffer;
}

function encodeEntries(partitions: readonly GptPartition[]): Buffer {
  const entries = Buffer.alloc(entryBytes * entryCount);
  for (const [i, partition] of partitions.entries()) {
    const at = i * entryBytes;
    guidBytes(partition.typeGuid).copy(entries, at);
    guidBytes(partition.guid).copy(entries, at + 16);
    entries.writeBigUInt64LE(BigInt(partition.firstSector), at + 32);
    entries.writeBigUInt64LE(BigInt(partition.lastSector), at + 40);
    entries.write(partition.name, at + 56, 72, "utf16le");
  }
  return entries;
}

/**
 * Reads one header and its table. `sector` is where the header was read from; `tableAt` gives the table's
 * bytes for its first sector. Throws BadDisk on a wrong signature, checksum or bound.
 */
export async function readTable(
  block: Buffer,
  sector: number,
  sectors: number,
  tableAt: (sector: number, bytes: number) => Promise<Buffer>,
): Promise<GptTable> {
  const where = `The partition table's header at sector ${sector}`;
  if (block.toString("latin1", 0, 8) !== "EFI PART") throw new BadDisk(`${where} has no signature`);
  const copy = Buffer.from(block.subarray(0, headerBytes));
  copy.writeUInt32LE(0, 16);
  if (block.readUInt32LE(12) !== headerBytes || crc32(copy) !== block.readUInt32LE(16)) {
    throw new BadDisk(`${where} has a wrong checksum`);
  }
  const number = (at: number): number => Number(block.readBigUInt64LE(at));
  if (number(24) !== sector) throw new BadDisk(`${where} says it is at ${number(24)}`);
  if (number(32) !== (sector === 1 ? sectors - 1 : 1))
    throw new BadDisk(`${where} has a wrong backup address`);
  if (block.readUInt32LE(80) !== entryCount || block.readUInt32LE(84) !== entryBytes) {
    throw new BadDisk(`${where} has a table of another shape`);
  }
  if (number(72) !== (sector === 1 ? 2 : sectors - trailingSectors)) {
    throw new BadDisk(`${where} has a wrong table address`);
  }
  const entries = await tableAt(number(72), entryBytes * entryCount);
  if (crc32(entries) !== block.readUInt32LE(88))
    throw new BadDisk(`${where} has a table with a wrong checksum`);
  return { diskGuid: guidText(block.subarray(56, 72)), sectors, partitions: decodeEntries(entries, sectors) };
}

function decodeEntries(entries: Buffer, sectors: number): GptPartition[] {
  const partitions: GptPartition[] = [];
  let free = leadingSectors;
  for (let at = 0; at < entries.length; at += entryBytes) {
    const entry = entries.subarray(at, at + entryBytes);
    if (entry.subarray(0, 16).every((byte) => byte === 0)) continue;
    const firstSector = Number(entry.readBigUInt64LE(32));
    const lastSector = Number(entry.readBigUInt64LE(40));
    if (firstSector < free || lastSector < firstSector || lastSector >= sectors - trailingSectors) {
      throw new BadDisk(`Partition ${partitions.length + 1} overlaps another or the end of the disk`);
    }
    free = lastSector + 1;
    partitions.push({
      name: entry.toString("utf16le", 56, 128).replace(/\0.*$/s, ""),
      typeGuid: guidText(entry.subarray(0, 16)),
      guid: guidText(entry.subarray(16, 32)),
      firstSector,
      lastSector,
    });
  }
  return partitions;
}

/** A GUID made of the SHA-256 of `text`: version 8, "custom", of RFC 9562. Upper case. */
export function derivedGuid(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex").toUpperCase();
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** On disk the first three fields are little-endian (UEFI, appendix A). */
function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll("-", ""), "hex");
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

function guidText(bytes: Buffer): string {
  const copy = Buffer.from(bytes);
  copy.subarray(0, 4).reverse();
  copy.subarray(4, 6).reverse();
  copy.subarray(6, 8).reverse();
  return copy
    .toString("hex")
    .toUpperCase()
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
