import { compareBytes } from "../site/keys.ts";
import { baseDigits, indexVersion } from "./encode-index.ts";
import {
  type BodyEntry,
  type Coding,
  type Condition,
  codings,
  type HeaderRule,
  type Headers,
  type IndexEntry,
  isRedirect,
  type Representation,
  type Rule,
  type SiteIndex,
} from "./site-index.ts";
import { BadArchive } from "./tar.ts";

/**
 * Reads the text of an index whose bodies must lie in the `bodyBytes` bytes after `base`, the place where the
 * index really ends. Trusts nothing in it. Throws BadArchive with the line's number.
 */
export function decodeIndex(text: string, base: number, bodyBytes: number): SiteIndex {
  if (!text.endsWith("\n")) throw new BadArchive("index", "its last line has no end");
  const lines = new Lines(text.slice(0, -1).split("\n"));
  const version = lines.numbered("mirage-pages-index");
  if (version !== indexVersion) {
    throw lines.bad(`format version ${version}; this release of mirage-pages reads version ${indexVersion}`);
  }
  if (lines.next() !== `base\t${String(base).padStart(baseDigits, "0")}`)
    throw lines.bad(`base is not ${base}`);
  const sets = lines.section("headers", (fields) =>
    fields.filter((field) => field !== "").map((field) => header(field, lines)),
  );
  const policies = new Map(
    lines.section("policies", ([name, value, ...more]) => {
      if (name === undefined || value === undefined || more.length > 0) throw lines.bad("not <name> <value>");
      return [name, value] as const;
    }),
  );
  const rules = lines.section("rules", (fields) => rule(fields, sets, lines));
  const headerRules = lines.section("header-rules", (fields) => headerRule(fields, lines));
  const read = (fields: readonly string[]) => entry(fields, sets, bodyBytes, lines);
  const fallbacks = ordered(lines, "fallbacks", (fields) => fallback(read(fields), lines));
  const entries = ordered(lines, "entries", read);
  if (lines.next() !== undefined) throw lines.bad("more lines than the counts say");
  return { policies, rules, headerRules, fallbacks, entries };
}

/** The lines, read in order, and which one is being read. */
class Lines {
  readonly #lines: readonly string[];
  #number = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  next(): string | undefined {
    this.#number += 1;
    return this.#lines[this.#number - 1];
  }

  bad(what: string): BadArchive {
    return new BadArchive(`index line ${this.#number}`, what);
  }

  /** The number in the line `<name>\t<number>`. */
  numbered(name: string): number {
    const [first, value, ...more] = this.next()?.split("\t") ?? [];
    if (first !== name || more.length > 0) throw this.bad(`not "${name}" and a number`);
    return decimal(value, this);
  }

  /** Lines after one that says how many they are. */
  section<T>(name: string, read: (fields: readonly string[]) => T): T[] {
    const count = this.numbered(name);
    if (count > this.#lines.length - this.#number) throw this.bad(`${count} lines do not follow`);
    return Array.from({ length: count }, () => {
      const line = this.next() ?? "";
      if (/[^\P{Cc}\t]/u.test(line)) throw this.bad("a control character");
      return read(line.split("\t"));
    });
  }
}

function ordered<T extends IndexEntry>(
  lines: Lines,
  name: string,
  read: (fields: readonly string[]) => T,
): T[] {
  let before: string | undefined;
  return lines.section(name, (fields) => {
    const item = read(fields);
    if (before !== undefined && compareBytes(before, item.path) >= 0) {
      throw lines.bad("out of order, or the same path twice");
    }
    before = item.path;
    return item;
  });
}

function entry(
  fields: readonly string[],
  sets: readonly Headers[],
  bodyBytes: number,
  lines: Lines,
): IndexEntry {
  const [path, statusText, set, type, ...rest] = fields;
  if (path === undefined || !path.startsWith("/")) throw lines.bad("the path has no leading slash");
  const status = statusCode(statusText, lines);
  const headers = headerSet(set, sets, lines);
  if (type === ">") {
    const [location, ...more] = rest;
    if (location === undefined || location === "" || more.length > 0) throw lines.bad("no location");
    return { path, status, headers, location };
  }
  if (type === undefined || !/^[^\s/]+\/\S.*$/.test(type)) throw lines.bad("no type");
  const [modified, ...texts] = rest;
  const [identity, ...encoded] = texts.map((text) => representation(text, bodyBytes, lines));
  if (identity?.coding !== "identity") throw lines.bad("the first representation is not the identity");
  const known = new Set(encoded.map(({ coding }) => coding));
  if (known.has("identity") || known.size < encoded.length) throw lines.bad("a content coding twice");
  return {
    path,
    status,
    headers,
    type,
    modified: decimal(modified, lines),
    representations: [identity, ...encoded],
  };
}

function fallback(read: IndexEntry, lines: Lines): BodyEntry {
  if (isRedirect(read)) throw lines.bad("a fallback that redirects");
  if (!read.path.endsWith("/")) throw lines.bad("the path is not a directory");
  return read;
}

function representation(text: string, bodyBytes: number, lines: Lines): Representation {
  const [coding, size, offset, etag, ...more] = text.split(" ");
  if (!isCoding(coding)) throw lines.bad("an unknown content coding");
  if (etag === undefined || !/^"(?:[0-9a-f]{24}|[0-9a-f]{32})"$/.test(etag) || more.length > 0)
    throw lines.bad("no entity tag");
  const read = { coding, size: decimal(size, lines), offset: decimal(offset, lines), etag };
  if (read.offset + read.size > bodyBytes) throw lines.bad("the body ends after the archive");
  return read;
}

function isCoding(text: string | undefined): text is Coding {
  return codings.some((coding) => coding === text);
}

function rule(fields: readonly string[], sets: readonly Headers[], lines: Lines): Rule {
  const [force, host = "", pattern, status, set, target, ...conditions] = fields;
  if (force !== "!" && force !== "-") throw lines.bad("neither ! nor -");
  if (!pattern?.startsWith("/")) throw lines.bad("the pattern has no leading slash");
  if (target === undefined || target === "") throw lines.bad("no target");
  return {
    forced: force === "!",
    host: host === "-" ? undefined : host,
    pattern,
    status: statusCode(status, lines),
    target,
    headers: headerSet(set, sets, lines),
    conditions: conditions.map((text) => condition(text, lines)),
  };
}

function condition(text: string, lines: Lines): Condition {
  const [kind, first, second, ...more] = text.split(" ");
  if (kind === "query" && first && second !== undefined && more.length === 0) {
    return { kind, name: first, value: second };
  }
  if ((kind === "language" || kind === "cookie") && first && second === undefined) {
    return { kind, anyOf: first.split(",") };
  }
  throw lines.bad("an unknown condition");
}

function headerRule(fields: readonly string[], lines: Lines): HeaderRule {
  const [scope, host = "", pattern, ...changes] = fields;
  if (scope !== "all" && scope !== "miss") throw lines.bad("neither all nor miss");
  if (!pattern?.startsWith("/")) throw lines.bad("the pattern has no leading slash");
  return {
    scope,
    host: host === "-" ? undefined : host,
    pattern,
    changes: changes.map((text) =>
      text.startsWith("!") ? ([text.slice(1), undefined] as const) : header(text, lines),
    ),
  };
}

/** Name as a token of RFC 9110, section 5.6.2. */
function header(text: string, lines: Lines): readonly [string, string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): (.*)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) throw lines.bad("a malformed header");
  return [match[1], match[2]];
}

function headerSet(text: string | undefined, sets: readonly Headers[], lines: Lines): Headers {
  const set = sets[decimal(text, lines)];
  if (set === undefined) throw lines.bad("a set of headers that is not there");
  return set;
}

function statusCode(text: string | undefined, lines: Lines): number {
  if (text === undefined || !/^[1-5][0-9]{2}$/.test(text)) throw lines.bad("no status");
  return Number(text);
}

function decimal(text: string | undefined, lines: Lines): number {
  const value = text !== undefined && /^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined;
  if (value === undefined) throw lines.bad("not a number where one belongs");
  return value;
}
