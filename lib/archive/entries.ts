import { compareBytes } from "../site/keys.ts";
import { BadArchive } from "./tar.ts";

/** One line of the index: what the server answers at a path (docs/archive.md). */
export interface IndexEntry {
  /** `=` exactly this path; `!` every path below this directory that nothing else matches. */
  readonly kind: "=" | "!";
  /** Decoded URL path. */
  readonly path: string;
  readonly status: number;
  /** Bytes of the body. */
  readonly size: number;
  /** Of the body's first byte, counted from the index's `base`. */
  readonly offset: number;
  /** With its quotes; undefined where there is no body. */
  readonly etag?: string | undefined;
  /** Content-Type; undefined where there is no body. */
  readonly type?: string | undefined;
  /** Further response headers. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const magic = "mirage-pages-index\t1";

/** Width of `base`: fixed, because the index's length must not depend on it. */
const baseDigits = 12;

/**
 * The text of an index, in UTF-8. `baseOf` tells where the archive's `base` is, given the text's length in
 * bytes. Throws RangeError when a path stands twice or a field holds a control character.
 */
export function encodeEntries(entries: readonly IndexEntry[], baseOf: (length: number) => number): Buffer {
  const sorted = entries.toSorted((a, b) => compareBytes(a.kind, b.kind) || compareBytes(a.path, b.path));
  const head = `${magic}\nbase\t`;
  const lines = [head + "0".repeat(baseDigits), `entries\t${sorted.length}`];
  for (const [i, entry] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before?.kind === entry.kind && before.path === entry.path) {
      throw new RangeError(`The path ${JSON.stringify(entry.path)} stands twice in the index.`);
    }
    lines.push(encodeEntry(entry));
  }
  const text = Buffer.from(`${lines.join("\n")}\n`);
  text.write(String(baseOf(text.length)).padStart(baseDigits, "0"), head.length, "latin1");
  return text;
}

function encodeEntry(entry: IndexEntry): string {
  const { kind, path, status, size, offset, etag = "-", type = "-" } = entry;
  const headers = entry.headers.map(([name, value]) => `${name}: ${value}`);
  const fields = [kind, path, String(status), String(size), String(offset), etag, type, ...headers];
  const bad = fields.find((field) => /\p{Cc}/u.test(field));
  if (bad !== undefined) throw new RangeError(`The index cannot hold ${JSON.stringify(bad)}.`);
  return fields.join("\t");
}

/**
 * Reads the text of an index whose bodies must lie in the `bodyBytes` bytes after `base`, the place where the
 * index really ends. Lines of unknown kinds are passed over. Throws BadArchive with the line's number.
 */
export function decodeEntries(text: string, base: number, bodyBytes: number): IndexEntry[] {
  if (!text.endsWith("\n")) throw new BadArchive("index", "its last line has no end");
  const lines = text.slice(0, -1).split("\n");
  if (lines[0] !== magic) throw new BadArchive("index line 1", `not "${magic}"`);
  if (lines[1] !== `base\t${String(base).padStart(baseDigits, "0")}`) {
    throw new BadArchive("index line 2", `base is not ${base}`);
  }
  if (lines[2] !== `entries\t${lines.length - 3}`) {
    throw new BadArchive(
      "index line 3",
      `the count is not that of the ${lines.length - 3} lines that follow`,
    );
  }
  const entries: IndexEntry[] = [];
  let before: { kind: string; path: string } | undefined;
  for (const [i, line] of lines.slice(3).entries()) {
    const where = `index line ${i + 4}`;
    const [kind = "", path = ""] = line.split("\t", 2);
    const order =
      before === undefined ? -1 : compareBytes(before.kind, kind) || compareBytes(before.path, path);
    if (order >= 0) throw new BadArchive(where, "out of order, or the same path twice");
    before = { kind, path };
    if (kind === "=" || kind === "!") entries.push(decodeEntry(line, kind, bodyBytes, where));
  }
  return entries;
}

function decodeEntry(line: string, kind: "=" | "!", bodyBytes: number, where: string): IndexEntry {
  if (/[^\P{Cc}\t]/u.test(line)) throw new BadArchive(where, "a control character");
  const [, path, status, size, offset, etag, type, ...headers] = line.split("\t");
  if (path === undefined || !path.startsWith("/"))
    throw new BadArchive(where, "the path has no leading slash");
  if (kind === "!" && !path.endsWith("/")) throw new BadArchive(where, "the path is not a directory");
  if (status === undefined || !/^[1-5][0-9]{2}$/.test(status)) throw new BadArchive(where, "no status");
  const entry: IndexEntry = {
    kind,
    path,
    status: Number(status),
    size: decimal(size, where),
    offset: decimal(offset, where),
    etag: optional(etag, /^"[0-9a-f]{32}"$/, where, "entity tag"),
    type: optional(type, /^[^\s/]+\/\S.*$/, where, "type"),
    headers: headers.map((text) => header(text, where)),
  };
  if (entry.offset + entry.size > bodyBytes) throw new BadArchive(where, "the body ends after the archive");
  return entry;
}

function decimal(text: string | undefined, where: string): number {
  const value = text !== undefined && /^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined;
  if (value === undefined) throw new BadArchive(where, "a size or offset is not a number");
  return value;
}

function optional(text: string | undefined, form: RegExp, where: string, what: string): string | undefined {
  if (text === "-") return undefined;
  if (text === undefined || !form.test(text)) throw new BadArchive(where, `no ${what}`);
  return text;
}

/** Name as a token of RFC 9110, section 5.6.2. */
function header(text: string, where: string): readonly [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): (.*)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) throw new BadArchive(where, "a malformed header");
  return [match[1], match[2]];
}
