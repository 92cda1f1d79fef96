/** Where pages answer: as they are named, or as a mode of Cloudflare's `html_handling` for static assets has it. */
export const htmlHandlings = [
  /** `about.html` at `/about.html` and `/about`, `docs/index.html` at its name and `/docs/`. */
  "keep-names",
  /** `about.html` at `/about`, `docs/index.html` at `/docs/`. */
  "auto-trailing-slash",
  /** Both with a slash. */
  "force-trailing-slash",
  /** Both without one. */
  "drop-trailing-slash",
  /** Every file at its own name, no directory index. */
  "none",
] as const;
export type HtmlHandling = (typeof htmlHandlings)[number];

/** A page's name without `index.html` or `.html`; for the top page the empty string. */
interface PageName {
  readonly base: string;
  readonly isIndex: boolean;
}

function pageName(path: string): PageName | undefined {
  if (path.endsWith("/index.html")) return { base: path.slice(0, -"/index.html".length), isIndex: true };
  if (path.endsWith(".html") && !path.endsWith("/.html"))
    return { base: path.slice(0, -".html".length), isIndex: false };
  return undefined;
}

function canonicalPath({ base, isIndex }: PageName, handling: HtmlHandling): string {
  if (base === "" || handling === "force-trailing-slash") return `${base}/`;
  return isIndex && handling !== "drop-trailing-slash" ? `${base}/` : base;
}

/**
 * The keys by the decoded URL paths at which they answer: pages at their canonical one, unless a file has that
 * very name or another page comes first (`x/index.html` where slashes are forced, `x.html` where they are
 * dropped); such a page answers at its own name, like every other file. Where names are kept, every page
 * answers at its own name, too.
 */
export function servedPaths(keys: Iterable<string>, handling: HtmlHandling): Map<string, string> {
  const served = new Map([...keys].map((key) => [`/${key}`, key]));
  if (handling === "none") return served;
  const own = new Set(served.keys());
  const winner = handling === "force-trailing-slash";
  const pages = [...own].flatMap((path) => {
    const name = pageName(path);
    return name === undefined ? [] : [{ path, name }];
  });
  // Those that come first, first.
  for (const first of [true, false]) {
    for (const { path, name } of pages) {
      if ((name.isIndex === winner) !== first) continue;
      const canonical = canonicalPath(name, handling);
      if (own.has(canonical) || served.has(canonical)) continue;
      served.set(canonical, path.slice(1));
      if (handling !== "keep-names") served.delete(path);
    }
  }
  return served;
}

/**
 * Where a page may answer that was asked for by another of its names: paths to try in this order, each of which
 * counts only if a page answers there. For paths at which nothing answers itself.
 */
export function otherNames(path: string, handling: HtmlHandling): string[] {
  if (handling === "none") return [];
  for (const suffix of ["/index.html", "/index"]) {
    if (path.endsWith(suffix)) {
      const base = path.slice(0, -suffix.length);
      return base === "" ? ["/"] : [`${base}/`, base];
    }
  }
  if (path.endsWith(".html")) return [path.slice(0, -".html".length), `${path.slice(0, -".html".length)}/`];
  return path.endsWith("/") ? [path.slice(0, -1)] : [`${path}/`];
}
