import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { type DiskSources, diskBlocks } from "./blocks.ts";
import { blockBytes, type DiskPlan } from "./plan.ts";
import { writeExactly } from "./source.ts";

/**
 * Writes the disk to an open file, whatever it held before; blocks that are all zero become holes. Returns the
 * bytes really written. Throws as diskBlocks and the file system do.
 */
export async function writeDisk(plan: DiskPlan, sources: DiskSources, file: FileHandle): Promise<number> {
  await file.truncate(0);
  await file.truncate(plan.bytes);
  let written = 0;
  for await (const { index, data } of diskBlocks(plan, sources)) {
    await writeExactly(file, data, index * blockBytes);
    written += data.length;
  }
  return written;
}

/** The whole disk, zeros included, as a stream: what an import from S3 reads. */
export function rawDiskStream(plan: DiskPlan, sources: DiskSources): Readable {
  return Readable.from(rawBlocks(plan, sources), { objectMode: false });
}

async function* rawBlocks(plan: DiskPlan, sources: DiskSources): AsyncGenerator<Buffer> {
  const zeros = Buffer.alloc(blockBytes);
  let next = 0;
  for await (const { index, data } of diskBlocks(plan, sources)) {
    for (; next < index; next += 1) yield zeros;
    yield data;
    next = index + 1;
  }
}
