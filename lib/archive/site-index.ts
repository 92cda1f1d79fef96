/** What an index holds (docs/archive.md). Everything in it was worked out when packing. */
export interface SiteIndex {
  /** Settings that hold for the whole site, by name. */
  readonly policies: ReadonlyMap<string, string>;
  /** Redirects and rewrites that no exact path can stand for, in the order they are tried. */
  readonly rules: readonly Rule[];
  /** Headers of answers that no exact path can stand for, in the order they are put on. */
  readonly headerRules: readonly HeaderRule[];
  /** What answers below a directory (`path` ends in `/`) where nothing else does; the nearest one wins. */
  readonly fallbacks: readonly BodyEntry[];
  /** What answers at exactly this path. */
  readonly entries: readonly IndexEntry[];
}

export type Headers = readonly (readonly [name: string, value: string])[];

/** Content codings, in the order the server prefers them when a client likes several equally. */
export const codings = ["identity", "zstd", "br", "gzip"] as const;
export type Coding = (typeof codings)[number];

/** One form of a body's bytes. */
export interface Representation {
  readonly coding: Coding;
  /** Bytes. */
  readonly size: number;
  /** Of the first byte, counted from the index's `base`. */
  readonly offset: number;
  /** Strong, with its quotes: the first 24 hex digits of these very bytes' SHA-256 (32 in older archives). */
  readonly etag: string;
}

export interface BodyEntry {
  /** Decoded URL path. */
  readonly path: string;
  readonly status: number;
  /** All response headers but those that depend on the representation, the request and the moment. */
  readonly headers: Headers;
  /** Content-Type. */
  readonly type: string;
  /** Last-Modified in seconds since 1970. */
  readonly modified: number;
  /** The identity first, then the codings that save bytes. */
  readonly representations: readonly [Representation, ...Representation[]];
}

export interface RedirectEntry {
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  /** Percent-encoded; a query of its own takes the place of the request's. */
  readonly location: string;
}

export type IndexEntry = BodyEntry | RedirectEntry;

export function isRedirect(entry: IndexEntry): entry is RedirectEntry {
  return "location" in entry;
}

/** A redirect or rewrite that depends on more than an exact path. */
export interface Rule {
  /** Applies although something stands at the path. */
  readonly forced: boolean;
  /** Lower case; undefined: any host. */
  readonly host?: string | undefined;
  /** A path pattern (lib/site/pattern.ts). */
  readonly pattern: string;
  /** 301, 302, 303, 307, 308 redirect; any other status is that of the entry which the target names. */
  readonly status: number;
  /** Of a redirect: a URL or path, percent-encoded; of a rewrite: a decoded path. `{name}` is what was captured. */
  readonly target: string;
  readonly headers: Headers;
  /** All must hold. */
  readonly conditions: readonly Condition[];
}

export type Condition =
  /** The query has the parameter (percent-encoded): with this value, or, as `{name}`, with any, captured under it. */
  | { readonly kind: "query"; readonly name: string; readonly value: string }
  /** Accept-Language prefers one of these, lower case. */
  | { readonly kind: "language"; readonly anyOf: readonly string[] }
  /** One of these cookies is sent. */
  | { readonly kind: "cookie"; readonly anyOf: readonly string[] };

/** Headers that are put on an answer (or, with an undefined value, taken off it) by the path of the request. */
export interface HeaderRule {
  /** `miss`: only where no exact entry answers, whose headers have this rule in them already. */
  readonly scope: "all" | "miss";
  readonly host?: string | undefined;
  readonly pattern: string;
  readonly changes: readonly (readonly [name: string, value: string | undefined])[];
}

/** 96 bits: no two versions of a page share them by chance. */
const TAG_DIGITS = 24;

/** Whether this is an entity tag of bytes with this SHA-256: older archives have longer ones. */
export function isEtagOf(digest: string, etag: string): boolean {
  const tag = etag.slice(1, -1);
  return tag.length >= TAG_DIGITS && etag === `"${digest.slice(0, tag.length)}"`;
}

/** The strong entity tag of bytes with this SHA-256 in lower-case hex. */
export function etagOfDigest(digest: string): string {
  return `"${digest.slice(0, TAG_DIGITS)}"`;
}
