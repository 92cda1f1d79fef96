/**
 * POSIX tar (pax interchange format, POSIX.1-2017 "pax") as docs/archive.md wants it: plain files only, mode
 * 0644, everything that varies from one machine or day to the next set to zero. Written here and not by a
 * library because the archive's digest is made of these very bytes.
 */

/** Tar's unit: headers are one record, bodies are padded to whole ones. */
export const recordBytes = 512;

/** Two zero records end a tar. */
export const tarEnd = Buffer.alloc(2 * recordBytes);

/** Zero bytes that follow a body of `size` bytes. */
export function padding(size: number): number {
  return (recordBytes - (size % recordBytes)) % recordBytes;
}

/** Largest body whose size fits the header's eleven octal digits. */
const largestBody = 8 ** 11 - 1;

/**
 * The bytes before a member's body: one ustar header, or for names that ustar cannot hold (not ASCII, or with
 * no fitting split into 155 + 100 bytes) a pax extended header, its record and the header.
 * Throws RangeError on a size that is not a whole number below 8 GiB.
 */
export function memberHeader(name: string, size: number): Buffer {
  if (!Number.isInteger(size) || size < 0 || size > largestBody) {
    throw new RangeError(`A tar member of ${size} bytes: sizes are whole numbers below 8 GiB.`);
  }
  const fields = splitName(name);
  if (fields !== undefined) return ustar(fields.prefix, fields.name, size, "0");
  const record = paxRecord("path", name);
  return Buffer.concat([
    ustar("", "PaxHeader", record.length, "x"),
    record,
    Buffer.alloc(padding(record.length)),
    ustar("", "PaxName", size, "0"),
  ]);
}

function splitName(name: string): { prefix: string; name: string } | undefined {
  if (!/^[\x20-\x7e]*$/.test(name)) return undefined;
  if (name.length <= 100) return { prefix: "", name };
  const slash = name.indexOf("/", name.length - 101);
  if (slash < 1 || slash > 155 || slash === name.length - 1) return undefined;
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) };
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (rest + String(length).length !== length) length += 1;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function ustar(prefix: string, name: string, size: number, type: "0" | "x"): Buffer {
  const header = Buffer.alloc(recordBytes);
  header.write(name, 0, 100, "latin1");
  header.write("0000644\0", 100, "latin1");
  header.write("0000000\0", 108, "latin1");
  header.write("0000000\0", 116, "latin1");
  header.write(`${octal(size, 11)}\0`, 124, "latin1");
  header.write("00000000000\0", 136, "latin1");
  header.write(type, 156, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  header.write("0000000\0", 329, "latin1");
  header.write("0000000\0", 337, "latin1");
  header.write(prefix, 345, 155, "latin1");
  header.write(`${octal(checksum(header), 6)}\0 `, 148, "latin1");
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** Sum of the header's bytes, its checksum field counted as spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < recordBytes; i += 1) {
    if (i < 148 || i >= 156) sum += header[i] ?? 0;
  }
  return sum;
}

/** A tar that is not what docs/archive.md says. */
export class BadArchive extends Error {
  constructor(where: string, what: string) {
    super(`${where}: ${what}. The archive is damaged or was not written by mirage-pages.`);
    this.name = "BadArchive";
  }
}

/** Name and size from a ustar header of a plain file. Throws BadArchive on anything else. */
export function readHeader(header: Buffer, where: string): { name: string; size: number } {
  if (header.length !== recordBytes) throw new BadArchive(where, "a tar header is cut off");
  if (header.toString("latin1", 257, 265) !== "ustar\x0000") throw new BadArchive(where, "no ustar header");
  const sum = octalField(header, 148, 6);
  if (sum === undefined || sum !== checksum(header)) throw new BadArchive(where, "wrong tar checksum");
  if (header.toString("latin1", 156, 157) !== "0") throw new BadArchive(where, "not a plain file");
  return { name: textField(header, 0, 100), size: sizeField(header, where) };
}

/** The field of a header that holds a body's size, in bytes. Throws BadArchive when it is none. */
export function sizeField(header: Buffer, where: string): number {
  const size = octalField(header, 124, 11);
  if (size === undefined) throw new BadArchive(where, "not a tar header with a size");
  return size;
}

/** A field of a header up to its first NUL. */
export function textField(header: Buffer, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString("latin1", 0, end < 0 ? length : end);
}

function octalField(header: Buffer, offset: number, digits: number): number | undefined {
  const text = header.toString("latin1", offset, offset + digits);
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
