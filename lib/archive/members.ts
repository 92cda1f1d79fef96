import type { Source } from "../disk/source.ts";
import { BadArchive, memberHeader, padding, recordBytes, sizeField, tarEnd, textField } from "./tar.ts";

/** A member of an archive, and where its body is. */
export interface Member {
  readonly name: string;
  readonly size: number;
  /** Of its header and of its body, in bytes from the archive's start. */
  readonly offset: number;
  readonly bodyOffset: number;
}

/** Longest pax record that a key can need: the key, `site/` or the like, length and keyword. */
const longestPax = 2048;

/**
 * The members of a site archive in their order, each header compared byte for byte with the one that the packer
 * writes. Throws BadArchive at the first one that differs, on padding that is not zero, and on anything behind
 * the end; what the source throws.
 */
export async function* membersOf(archive: Source): AsyncGenerator<Member> {
  let offset = 0;
  for (;;) {
    const where = `byte ${offset}`;
    if (offset + tarEnd.length > archive.size) throw new BadArchive(where, "the end is missing");
    const record = await archive.read(offset, recordBytes);
    if (record.every((byte) => byte === 0)) break;
    const { name, size } = await headerAt(archive, offset, record);
    const header = memberHeader(name, size);
    const bodyOffset = offset + header.length;
    const end = bodyOffset + size + padding(size);
    if (end + tarEnd.length > archive.size) throw new BadArchive(where, "its body ends after the archive");
    if (!header.equals(await archive.read(offset, header.length))) {
      throw new BadArchive(where, "not a header as the packer writes it");
    }
    const rest = await archive.read(bodyOffset + size, padding(size));
    if (rest.some((byte) => byte !== 0)) throw new BadArchive(where, "its padding is not zero");
    yield { name, size, offset, bodyOffset };
    offset = end;
  }
  const end = await archive.read(offset, tarEnd.length);
  if (offset + tarEnd.length !== archive.size || !end.equals(tarEnd)) {
    throw new BadArchive(`byte ${offset}`, "something follows the end");
  }
}

async function headerAt(
  archive: Source,
  offset: number,
  record: Buffer,
): Promise<{ name: string; size: number }> {
  const where = `byte ${offset}`;
  if (record.toString("latin1", 156, 157) !== "x") {
    const prefix = textField(record, 345, 155);
    const name = textField(record, 0, 100);
    return { name: prefix === "" ? name : `${prefix}/${name}`, size: sizeField(record, where) };
  }
  const length = sizeField(record, where);
  const next = offset + recordBytes + length + padding(length);
  if (length > longestPax || next + recordBytes > archive.size)
    throw new BadArchive(where, "a long pax header");
  const pax = (await archive.read(offset + recordBytes, length)).toString("utf8");
  const name = /^\d+ path=([^\n]*)\n$/.exec(pax)?.[1];
  if (name === undefined) throw new BadArchive(where, "a pax header without a path");
  return { name, size: sizeField(await archive.read(next, recordBytes), where) };
}
