import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { readAhead } from "../disk/read-ahead.ts";
import { checkRange, readExactly } from "../disk/source.ts";
import type { KeptArchive, KeptRun } from "./kept.ts";

/** Reads bytes of a packed site. */
export type Read = (offset: number, length: number) => Promise<Buffer>;

/** Reads what follows the index: from the kept archive what stands there, else from the spool file. */
export function spoolReader(
  file: FileHandle,
  kept: { readonly runs: readonly KeptRun[] } | undefined,
  from: KeptArchive | undefined,
): Read {
  const archive = from && readAhead(from.archive);
  return async (offset, length) => {
    const buffer = Buffer.allocUnsafe(length);
    const end = offset + length;
    let at = offset;
    const fromSpool = async (until: number): Promise<void> => {
      await readExactly(file, buffer.subarray(at - offset, until - offset), at);
      at = until;
    };
    const runs = kept?.runs ?? [];
    for (let i = firstEndingAfter(runs, offset); at < end; i += 1) {
      const run = runs[i];
      if (run === undefined || archive === undefined || run.offset >= end) break;
      if (run.offset > at) await fromSpool(run.offset);
      const until = Math.min(end, run.offset + run.length);
      const start = (from?.base ?? 0) + run.keptOffset + at - run.offset;
      (await archive.read(start, until - at)).copy(buffer, at - offset);
      at = until;
    }
    if (at < end) await fromSpool(end);
    return buffer;
  };
}

/** The first of the runs, which are in order, that ends after an offset. */
function firstEndingAfter(runs: readonly KeptRun[], offset: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runs[middle];
    if (run !== undefined && run.offset + run.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

const pieceBytes = 1024 * 1024;

/** Reads the whole of a packed site: the index, then what `readRest` gives. */
export function archiveReader(head: Buffer, readRest: Read, size: number): { read: Read; open(): Readable } {
  const read: Read = async (offset, length) => {
    checkRange("The archive", offset, length, size);
    const fromHead = head.subarray(offset, Math.min(head.length, offset + length));
    if (fromHead.length === length) return fromHead;
    const rest = await readRest(offset + fromHead.length - head.length, length - fromHead.length);
    return fromHead.length === 0 ? rest : Buffer.concat([fromHead, rest]);
  };
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < size; at += pieceBytes) yield await read(at, Math.min(pieceBytes, size - at));
  }
  return { read, open: () => Readable.from(pieces(), { objectMode: false }) };
}
