import { createHash } from "node:crypto";
import { appendFile, copyFile, open, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { readExactly, writeExactly } from "../../lib/disk/source.ts";
import { copySparse } from "../ec2/disks.ts";

/** The one block size of the EBS direct APIs. */
export const blockBytes = 512 * 1024;

const zeroBlock = Buffer.alloc(blockBytes);
const digestBytes = 32;
const recordBytes = 4 + digestBytes;

/** Where a snapshot's bytes and the list of its blocks lie. */
export interface BlockFiles {
  readonly raw: string;
  readonly list: string;
}

/** A written block: its place, and the SHA-256 of its bytes. */
export type BlockDigests = ReadonlyMap<number, Buffer>;

/**
 * A snapshot's blocks in a sparse file, and beside it one record for each write (index, digest), appended after
 * the bytes are there: what was acknowledged is found again after a restart. One per snapshot at a time.
 */
export class Blocks {
  readonly #files: BlockFiles;
  readonly #digests: Map<number, Buffer>;
  /** Indexes that were written into this snapshot, not into its parent. */
  readonly #own: Set<number>;
  /** Records at the beginning of its list that are its parent's. */
  readonly inherited: number;

  private constructor(files: BlockFiles, digests: Map<number, Buffer>, own: Set<number>, inherited: number) {
    this.#files = files;
    this.#digests = digests;
    this.#own = own;
    this.inherited = inherited;
  }

  /** Makes an empty snapshot of `bytes` bytes, or one that begins with all that `parent` holds. */
  static async create(files: BlockFiles, bytes: number, parent?: BlockFiles): Promise<Blocks> {
    if (parent) {
      await copySparse(parent.raw, files.raw);
      await copyFile(parent.list, files.list);
    } else {
      await writeFile(files.raw, "");
      await writeFile(files.list, "");
    }
    const file = await open(files.raw, "r+");
    try {
      await file.truncate(bytes);
    } finally {
      await file.close();
    }
    const { size } = await stat(files.list);
    return Blocks.open(files, Math.floor(size / recordBytes));
  }

  /** Opens a snapshot's blocks. A record cut off by a crash is passed over: its write was not acknowledged. */
  static async open(files: BlockFiles, inherited = 0): Promise<Blocks> {
    const list = await readFile(files.list);
    const digests = new Map<number, Buffer>();
    const own = new Set<number>();
    for (let at = 0; at + recordBytes <= list.length; at += recordBytes) {
      const index = list.readUInt32LE(at);
      digests.set(index, list.subarray(at + 4, at + recordBytes));
      if (at >= inherited * recordBytes) own.add(index);
    }
    const whole = Math.floor(list.length / recordBytes) * recordBytes;
    if (whole !== list.length) await truncate(files.list, whole);
    return new Blocks(files, digests, own, inherited);
  }

  /** The blocks written into this snapshot itself, in their order. */
  get ownDigests(): [index: number, digest: Buffer][] {
    return [...this.#digests].filter(([index]) => this.#own.has(index)).sort(([a], [b]) => a - b);
  }

  /** Every block that was written, its own or its parent's. */
  get digests(): BlockDigests {
    return this.#digests;
  }

  /** Writes one block of exactly `blockBytes` bytes. Zeros where nothing was stay a hole. */
  async write(index: number, data: Buffer): Promise<void> {
    const digest = createHash("sha256").update(data).digest();
    if (this.#digests.has(index) || !data.equals(zeroBlock)) {
      const file = await open(this.#files.raw, "r+");
      try {
        await writeExactly(file, data, index * blockBytes);
      } finally {
        await file.close();
      }
    }
    const record = Buffer.alloc(recordBytes);
    record.writeUInt32LE(index);
    digest.copy(record, 4);
    await appendFile(this.#files.list, record);
    this.#digests.set(index, digest);
    this.#own.add(index);
  }

  /** Reads one block. */
  async read(index: number): Promise<Buffer> {
    const data = Buffer.allocUnsafe(blockBytes);
    const file = await open(this.#files.raw, "r");
    try {
      await readExactly(file, data, index * blockBytes);
    } finally {
      await file.close();
    }
    return data;
  }
}

/** Cuts bytes that come in pieces of any size into blocks; the last one is filled up with zeros. */
export async function* intoBlocks(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let block = Buffer.alloc(blockBytes);
  let filled = 0;
  for await (const piece of source) {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.copy(block, filled, at);
      at += taken;
      filled += taken;
      if (filled < blockBytes) continue;
      yield block;
      block = Buffer.alloc(blockBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield block;
}

/** Whether a block is all zeros. */
export function isZero(block: Buffer): boolean {
  return block.equals(zeroBlock);
}
