import { type Source, slice } from "../disk/source.ts";
import { decodeEntries, type IndexEntry } from "./entries.ts";
import { BadArchive, padding, readHeader, recordBytes, tarEnd } from "./tar.ts";

/** An archive's index. */
export interface SiteIndex {
  /** Where bodies' offsets count from, in bytes from the archive's start. */
  readonly base: number;
  /** Sorted by kind and path as bytes. */
  readonly entries: readonly IndexEntry[];
}

/** Largest index read: 50,000 keys of 1,024 bytes with three lines each fit. */
const largestIndex = 256 * 1024 * 1024;

/**
 * Reads the index of a site archive, trusting nothing in it. Two reads: the header, then the text.
 * Throws BadArchive, or what the source throws.
 */
export async function readIndex(archive: Source): Promise<SiteIndex> {
  if (archive.size < recordBytes + tarEnd.length) throw new BadArchive("archive", "too short to be one");
  const { name, size } = readHeader(await archive.read(0, recordBytes), "archive");
  if (name !== "index") throw new BadArchive("archive", "its first member is not the index");
  const base = recordBytes + size + padding(size);
  if (size > largestIndex || base + tarEnd.length > archive.size) {
    throw new BadArchive("archive", `an index of ${size} bytes does not fit its ${archive.size} bytes`);
  }
  const text = await archive.read(recordBytes, size);
  return { base, entries: decodeEntries(decode(text), base, archive.size - base) };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BadArchive("index", "not UTF-8");
  }
}

/** The body of an entry, as a source of its own. Throws ShortRead when the archive is shorter than its index says. */
export function bodyOf(archive: Source, index: SiteIndex, entry: IndexEntry): Source {
  return slice(archive, index.base + entry.offset, entry.size);
}
