import type { HtmlHandling } from "./html-handling.ts";

/** What the owner of a site may decide about how it is served. */
export interface SitePolicy {
  readonly htmlHandling: HtmlHandling;
  /** What answers where nothing does: the nearest 404.html, the front page with status 200, or a plain line. */
  readonly notFound: "404-page" | "single-page-application" | "none";
  /** Where the other names redirect to: the stack's first name, a name, or nowhere (`any`). */
  readonly canonicalHost: string;
  /** Value of Strict-Transport-Security on a trusted certificate; undefined: none is sent. */
  readonly hsts: string | undefined;
  /** `nosniff` and `Referrer-Policy` on every answer. */
  readonly securityHeaders: boolean;
  /** Files that never change under their name, beside those whose name tells it: path patterns. */
  readonly immutable: readonly string[];
}

/** Two years, without preload: a promise that the site can keep whatever becomes of it. */
export const HSTS = "max-age=63072000";

/** What holds where a site says nothing. */
export const defaultPolicy: SitePolicy = {
  htmlHandling: "keep-names",
  notFound: "404-page",
  canonicalHost: "first",
  hsts: HSTS,
  securityHeaders: true,
  immutable: [],
};
