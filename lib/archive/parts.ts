import type { KeptRun } from "./kept.ts";

const mib = 1024 * 1024;

/** S3 takes no smaller part of a multipart upload but the last. */
const smallestPart = 5 * mib;
/** Uploaded parts have between this and twice as much. */
const uploadBytes = 8 * mib;
/** Runs from here on are copied; of shorter ones the bytes are sent. */
const smallestCopy = 8 * mib;
/** Copied parts have between this and twice as much: several are copied at once. */
const copyBytes = 32 * mib;

/** A part of a multipart upload: bytes of the archive that are sent, or that S3 copies out of the kept archive. */
export interface Part {
  readonly offset: number;
  readonly length: number;
  /** Of the first byte in the kept archive; undefined for what is sent. */
  readonly keptOffset?: number;
}

/**
 * Cuts an archive of `size` bytes into parts as S3 takes them: together they are all of it in order, and all but
 * the last have 5 MiB or more. As much as can be is copied out of the runs, which are in order and do not overlap.
 * A few hundred parts at most, for the largest site.
 */
export function planParts(size: number, runs: readonly KeptRun[]): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const run of runs) {
    // What is sent before a copy must be a whole part: it takes the missing bytes from the run.
    const start = run.offset === end ? end : Math.max(run.offset, end + smallestPart);
    const length = run.offset + run.length - start;
    if (length < smallestCopy) continue;
    parts.push(...cut(end, start - end, uploadBytes));
    for (const part of cut(start, length, copyBytes)) {
      parts.push({ ...part, keptOffset: run.keptOffset + part.offset - run.offset });
    }
    end = start + length;
  }
  return [...parts, ...cut(end, size - end, uploadBytes)];
}

/** Equal pieces of between `unit` and twice as many bytes; one smaller one when there are not so many. */
function cut(offset: number, length: number, unit: number): Part[] {
  const count = length === 0 ? 0 : Math.max(1, Math.floor(length / unit));
  const at = (i: number): number => offset + Math.floor((i * length) / count);
  return Array.from({ length: count }, (_, i) => ({ offset: at(i), length: at(i + 1) - at(i) }));
}
