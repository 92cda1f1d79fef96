import { sha256 } from "../sha256.ts";
import { type PlannedPage, pageHeaders, type SitePlan } from "../site/plan.ts";
import { encodeIndex } from "./encode-index.ts";
import { type BodyEntry, etagOfDigest, type IndexEntry, isRedirect, type SiteIndex } from "./site-index.ts";
import type { SpooledBody, SpoolPlan } from "./spool.ts";
import type { SpooledVariants } from "./spool-variants.ts";
import { memberHeader, padding, recordBytes } from "./tar.ts";

/** The index member: header, text and padding; and the text's SHA-256. */
export function indexMember(index: SiteIndex): { readonly bytes: Buffer; readonly digest: string } {
  const text = encodeIndex(index, (length) => recordBytes + length + padding(length));
  const parts = [memberHeader("index", text.length), text, Buffer.alloc(padding(text.length))];
  return { bytes: Buffer.concat(parts), digest: sha256(text) };
}

export function siteIndex(
  plan: SitePlan,
  spool: SpoolPlan,
  bodies: readonly SpooledBody[],
  variants: SpooledVariants,
  previous: Pick<SiteIndex, "entries"> | undefined,
): SiteIndex {
  const positions = new Map(spool.members.map(({ object }, i) => [object.key, i]));
  const unchanged = new Map<string, number>();
  for (const entry of previous?.entries ?? []) {
    if (!isRedirect(entry)) unchanged.set(tagged(entry), entry.modified);
  }
  const entryOf = (page: PlannedPage): BodyEntry => {
    const position = positions.get(page.key);
    const member = position === undefined ? undefined : spool.members[position];
    const body = position === undefined ? undefined : bodies[position];
    if (position === undefined || member === undefined || body === undefined) {
      throw new RangeError(`The plan names ${JSON.stringify(page.key)}, which is not among the objects.`);
    }
    const encoded = variants.representations[position] ?? [];
    const { size, modified } = member.object;
    const identity = {
      coding: "identity",
      size,
      offset: member.bodyOffset,
      etag: etagOfDigest(body.digest),
    } as const;
    const { type, headers } = pageHeaders(plan, page, body, encoded.length > 0);
    const { path, status } = page;
    const entry = { path, status, headers, type, modified, representations: [identity, ...encoded] } as const;
    return { ...entry, modified: unchanged.get(tagged(entry)) ?? modified };
  };
  const entries: IndexEntry[] = [...plan.pages.map(entryOf), ...plan.redirects];
  const { htmlHandling, canonicalHost, hsts } = plan.policy;
  const policies = new Map([
    ["html-handling", htmlHandling as string],
    ["canonical-host", canonicalHost],
    ["hsts", hsts ?? "off"],
  ]);
  return {
    policies,
    rules: plan.rules,
    headerRules: plan.headerRules,
    fallbacks: plan.fallbacks.map(entryOf),
    entries,
  };
}

/** What tells that a path still has the same bytes. */
function tagged({ path, representations }: Pick<BodyEntry, "path" | "representations">): string {
  return `${representations[0].etag} ${path}`;
}
