/** Percent-encodes a decoded path, its slashes kept. Throws URIError on an unpaired surrogate. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
