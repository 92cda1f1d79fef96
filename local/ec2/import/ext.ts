import type { Source } from "../../../lib/disk/source.ts";

/*
 * As much of ext2, ext3 and ext4 as it takes to look for a name in a directory
 * (docs.kernel.org/filesystems/ext4): superblock, group descriptors, inodes, extents or direct blocks, and
 * directory entries. Directories of more than twelve blocks without extents are read as far as these.
 */

interface Ext {
  readonly volume: Source;
  readonly blockBytes: number;
  readonly inodeBytes: number;
  readonly inodesPerGroup: number;
  readonly descriptorBytes: number;
}

const rootInode = 2;
const extentsFlag = 0x80000;
const largestDirectory = 1024;

/** Whether an ext volume has this path, by its parts. False when the volume is not ext. */
export async function extHolds(volume: Source, path: readonly string[]): Promise<boolean> {
  const ext = await readSuperblock(volume);
  if (!ext) return false;
  let inode: number | undefined = rootInode;
  for (const part of path) {
    if (inode === undefined) return false;
    inode = await find(ext, inode, part);
  }
  return inode !== undefined;
}

async function readSuperblock(volume: Source): Promise<Ext | undefined> {
  if (volume.size < 2048) return undefined;
  const block = await volume.read(1024, 1024);
  if (block.readUInt16LE(56) !== 0xef53) return undefined;
  const wide = (block.readUInt32LE(96) & 0x80) !== 0;
  return {
    volume,
    blockBytes: 1024 << block.readUInt32LE(24),
    inodesPerGroup: block.readUInt32LE(40),
    inodeBytes: block.readUInt32LE(76) === 0 ? 128 : block.readUInt16LE(88),
    descriptorBytes: wide ? block.readUInt16LE(254) : 32,
  };
}

async function find(ext: Ext, directory: number, name: string): Promise<number | undefined> {
  for (const block of await blocksOf(ext, directory)) {
    const bytes = await ext.volume.read(block * ext.blockBytes, ext.blockBytes);
    for (let at = 0; at + 8 <= bytes.length; ) {
      const length = bytes.readUInt16LE(at + 4);
      if (length < 8) break;
      const inode = bytes.readUInt32LE(at);
      const size = bytes.readUInt8(at + 6);
      if (inode !== 0 && bytes.toString("utf8", at + 8, at + 8 + size) === name) return inode;
      at += length;
    }
  }
  return undefined;
}

async function blocksOf(ext: Ext, number: number): Promise<number[]> {
  const group = Math.floor((number - 1) / ext.inodesPerGroup);
  const descriptors = (ext.blockBytes === 1024 ? 2 : 1) * ext.blockBytes;
  const descriptor = await ext.volume.read(descriptors + group * ext.descriptorBytes, ext.descriptorBytes);
  const high = ext.descriptorBytes >= 64 ? descriptor.readUInt32LE(40) : 0;
  const table = (high * 2 ** 32 + descriptor.readUInt32LE(8)) * ext.blockBytes;
  const index = (number - 1) % ext.inodesPerGroup;
  const inode = await ext.volume.read(table + index * ext.inodeBytes, ext.inodeBytes);
  const places = inode.subarray(40, 100);
  if ((inode.readUInt32LE(32) & extentsFlag) !== 0) return extents(ext, places, 0);
  return Array.from({ length: 12 }, (_, i) => places.readUInt32LE(i * 4)).filter((block) => block !== 0);
}

async function extents(ext: Ext, node: Buffer, depthSoFar: number): Promise<number[]> {
  if (node.readUInt16LE(0) !== 0xf30a || depthSoFar > 5) return [];
  const count = node.readUInt16LE(2);
  const leaf = node.readUInt16LE(6) === 0;
  const blocks: number[] = [];
  for (let i = 1; i <= count && (i + 1) * 12 <= node.length; i += 1) {
    const record = node.subarray(i * 12, (i + 1) * 12);
    if (leaf) {
      const start = record.readUInt16LE(6) * 2 ** 32 + record.readUInt32LE(8);
      const length = Math.min(record.readUInt16LE(4), largestDirectory);
      for (let n = 0; n < length; n += 1) blocks.push(start + n);
    } else {
      const child = record.readUInt16LE(8) * 2 ** 32 + record.readUInt32LE(4);
      const bytes = await ext.volume.read(child * ext.blockBytes, ext.blockBytes);
      blocks.push(...(await extents(ext, bytes, depthSoFar + 1)));
    }
    if (blocks.length > largestDirectory) break;
  }
  return blocks;
}
