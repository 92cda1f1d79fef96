/** One line of the archive's index as far as the key alone decides it (docs/archive.md). */
export interface UrlPath {
  /** `=` exactly this path; `!` every path below this directory that nothing else matches. */
  readonly kind: "=" | "!";
  /** Decoded URL path. */
  readonly path: string;
  readonly status: 200 | 301 | 404;
  /** Percent-encoded target of a redirect; such an entry has no body. */
  readonly location?: string;
}

/**
 * The URL paths at which a key answers. `index.html` answers for its directory too and redirects the
 * directory's name without a slash; `404.html` answers for what is missing below its directory.
 * No key is held back: what is in the bucket (dotfiles and source maps included) is public.
 */
export function urlPaths(key: string): UrlPath[] {
  const path = `/${key}`;
  const slash = path.lastIndexOf("/") + 1;
  const directory = path.slice(0, slash);
  const paths: UrlPath[] = [{ kind: "=", path, status: 200 }];
  switch (path.slice(slash)) {
    case "index.html":
      paths.push({ kind: "=", path: directory, status: 200 });
      if (directory !== "/") {
        const location = encodePath(directory);
        paths.push({ kind: "=", path: directory.slice(0, -1), status: 301, location });
      }
      break;
    case "404.html":
      paths.push({ kind: "!", path: directory, status: 404 });
      break;
  }
  return paths;
}

/** Percent-encodes a decoded path, its slashes kept. Throws URIError on an unpaired surrogate. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
