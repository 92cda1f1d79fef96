import type { HeaderRule, Headers, RedirectEntry, Rule } from "../archive/site-index.ts";
import { immutable, isFingerprinted, revalidate } from "./caching.ts";
import { servedPaths } from "./html-handling.ts";
import { contentType } from "./media-type.ts";
import { matchPattern, type Pattern, parsePattern } from "./pattern.ts";
import { defaultPolicy, type SitePolicy } from "./policy.ts";
import { encodePath } from "./url.ts";

/** A path at which a key's content answers. */
export interface PlannedPage {
  /** Decoded; of a fallback the directory, which ends in `/`. */
  readonly path: string;
  readonly key: string;
  readonly status: number;
}

/** Everything about a site's answers that its keys and its own rules decide, before any body is read. */
export interface SitePlan {
  readonly policy: SitePolicy;
  readonly pages: readonly PlannedPage[];
  readonly fallbacks: readonly PlannedPage[];
  readonly redirects: readonly RedirectEntry[];
  readonly rules: readonly Rule[];
  readonly headerRules: readonly HeaderRule[];
  /** The patterns of `headerRules` in their order, and of what never changes. */
  readonly patterns: { readonly headers: readonly Pattern[]; readonly immutable: readonly Pattern[] };
}

/** What a site says itself about its answers. */
export interface SiteRules {
  readonly policy: SitePolicy;
  readonly redirects: readonly RedirectEntry[];
  /** Rewrites: further paths at which files answer. */
  readonly pages: readonly PlannedPage[];
  readonly rules: readonly Rule[];
  /** From `_headers`, in its order. */
  readonly headers: readonly Omit<HeaderRule, "scope">[];
}

const noRules: SiteRules = { policy: defaultPolicy, redirects: [], pages: [], rules: [], headers: [] };

/** Decides where each key answers. Pure. Keys are as `checkListing` lets them through. */
export function planSite(keys: Iterable<string>, site: SiteRules = noRules): SitePlan {
  const all = [...keys];
  const served = servedPaths(all, site.policy.htmlHandling);
  const replaced = new Set([...site.redirects, ...site.pages].map(({ path }) => path));
  const pages = [...served].map(([path, key]) => ({ path, key, status: 200 }));
  const kept = [...pages.filter(({ path }) => !replaced.has(path)), ...site.pages];
  const taken = [...kept, ...site.redirects].map(({ path }) => path);
  return {
    policy: site.policy,
    pages: kept,
    fallbacks: fallbacks(all, site.policy),
    redirects: [...site.redirects, ...normalForms(taken)],
    rules: site.rules,
    headerRules: site.headers.map((rule) => ({ ...rule, scope: rule.host === undefined ? "miss" : "all" })),
    patterns: {
      headers: site.headers.map(({ pattern }) => parsePattern(pattern)),
      immutable: site.policy.immutable.map(parsePattern),
    },
  };
}

function fallbacks(keys: readonly string[], policy: SitePolicy): PlannedPage[] {
  if (policy.notFound === "none") return [];
  if (policy.notFound === "single-page-application") {
    return keys.includes("index.html") ? [{ path: "/", key: "index.html", status: 200 }] : [];
  }
  return keys
    .filter((key) => /(?:^|\/)404\.html$/.test(key))
    .map((key) => ({ path: `/${key.slice(0, -"404.html".length)}`, key, status: 404 }));
}

/**
 * The same name typed on two systems comes in two Unicode forms (NFC and NFD): the form that is not the key's
 * redirects to the one that is.
 */
function normalForms(paths: readonly string[]): RedirectEntry[] {
  const taken = new Set(paths);
  return paths.flatMap((path) => {
    const others = new Set([path.normalize("NFC"), path.normalize("NFD")]);
    return [...others]
      .filter((other) => !taken.has(other))
      .map((other) => {
        taken.add(other);
        return { path: other, status: 301, headers: redirectHeaders, location: encodePath(path) };
      });
  });
}

/** A permanent redirect without this would be kept by browsers for good, whatever the site does later. */
export const redirectHeaders: Headers = [["Cache-Control", revalidate]];

/** What is known of an object beside its bytes. */
export interface ObjectMetadata {
  /** Cache-Control as its author set it. */
  readonly cacheControl?: string | undefined;
}

/**
 * Type and headers of a page's answer: our own table and defaults, above them the object's Cache-Control, above
 * all the site's `_headers`. `varies`: there are encoded representations.
 */
export function pageHeaders(
  plan: SitePlan,
  { path, key, status }: PlannedPage,
  metadata: ObjectMetadata,
  varies: boolean,
): { type: string; headers: Headers } {
  const headers = new Map<string, [name: string, value: string]>();
  const put = (name: string, value: string) => headers.set(name.toLowerCase(), [name, value]);
  put("Content-Type", contentType(key));
  put(
    "Cache-Control",
    metadata.cacheControl ?? (status === 200 && lasts(plan, key) ? immutable : revalidate),
  );
  if (plan.policy.securityHeaders) {
    put("X-Content-Type-Options", "nosniff");
    put("Referrer-Policy", "strict-origin-when-cross-origin");
  }
  // A fallback answers at many paths: its headers depend on the one asked for.
  if (!path.endsWith("/") || status === 200) {
    for (const [name, value] of changesFor(plan, path)) {
      if (value === undefined) headers.delete(name.toLowerCase());
      else put(name, value);
    }
  }
  if (varies) {
    const vary = headers.get("vary")?.[1];
    put("Vary", vary === undefined ? "Accept-Encoding" : `${vary}, Accept-Encoding`);
  }
  const type = headers.get("content-type")?.[1] ?? contentType(key);
  headers.delete("content-type");
  return { type, headers: [...headers.values()] };
}

function lasts({ patterns }: SitePlan, key: string): boolean {
  return isFingerprinted(key) || patterns.immutable.some((pattern) => matchPattern(pattern, `/${key}`));
}

/** The changes that header rules of any host make at a path; the values of one name are joined. */
function changesFor({ headerRules, patterns }: SitePlan, path: string): HeaderRule["changes"] {
  const changes = new Map<string, HeaderRule["changes"][number]>();
  for (const [i, rule] of headerRules.entries()) {
    const pattern = patterns.headers[i];
    const captured =
      pattern === undefined || rule.host !== undefined ? undefined : matchPattern(pattern, path);
    if (captured === undefined) continue;
    for (const [name, template] of rule.changes) {
      const value = template?.replaceAll(
        /:([A-Za-z]\w*)/g,
        (text, word: string) => asAscii(captured.get(word)) ?? text,
      );
      const before = changes.get(name.toLowerCase())?.[1];
      const joined = before === undefined || value === undefined ? value : `${before}, ${value}`;
      changes.set(name.toLowerCase(), [name, joined]);
    }
  }
  return [...changes.values()];
}

/** A capture as a header may hold it. */
function asAscii(text: string | undefined): string | undefined {
  return text?.replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent);
}
