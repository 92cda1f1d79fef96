import { type Source, slice } from "../disk/source.ts";
import { decodeIndex } from "./decode-index.ts";
import type { Representation, SiteIndex } from "./site-index.ts";
import { BadArchive, padding, readHeader, recordBytes, tarEnd } from "./tar.ts";

/** An archive's index, and where bodies' offsets count from, in bytes from the archive's start. */
export interface ArchiveIndex extends SiteIndex {
  readonly base: number;
}

/** Largest index read: 50,000 keys of 1,024 bytes with five lines each fit. */
const largestIndex = 256 * 1024 * 1024;

/**
 * Reads the index of a site archive, trusting nothing in it. Two reads: the header, then the text.
 * Throws BadArchive, or what the source throws.
 */
export async function readIndex(archive: Source): Promise<ArchiveIndex> {
  if (archive.size < recordBytes + tarEnd.length) throw new BadArchive("archive", "too short to be one");
  const { name, size } = readHeader(await archive.read(0, recordBytes), "archive");
  if (name !== "index") throw new BadArchive("archive", "its first member is not the index");
  const base = recordBytes + size + padding(size);
  if (size > largestIndex || base + tarEnd.length > archive.size) {
    throw new BadArchive("archive", `an index of ${size} bytes does not fit its ${archive.size} bytes`);
  }
  const text = await archive.read(recordBytes, size);
  return { base, ...decodeIndex(decode(text), base, archive.size - base) };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BadArchive("index", "not UTF-8");
  }
}

/** A representation's bytes, as a source of its own. Throws ShortRead when the archive is shorter than its index says. */
export function bodyOf(archive: Source, index: ArchiveIndex, representation: Representation): Source {
  return slice(archive, index.base + representation.offset, representation.size);
}
