/** Longest key S3 takes, in bytes of UTF-8 (S3 User Guide, "Naming Amazon S3 objects"). */
const longestKey = 1024;

/**
 * Compares two strings as their UTF-8 bytes compare, which is the order of an S3 listing and of the archive.
 * JavaScript's own order is by UTF-16 units and puts U+E000–U+FFFF after the astral characters.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * Says why a key cannot be served, as the end of a sentence that begins with the key; undefined when it can.
 * A trailing slash is not looked at here: whether it is wrong depends on the object's size.
 */
export function keyProblem(key: string): string | undefined {
  if (key === "") return "is empty";
  if (!key.isWellFormed()) return "is not valid UTF-8 (it has an unpaired surrogate)";
  if (Buffer.byteLength(key) > longestKey) return `is longer than ${longestKey} bytes`;
  if (/\p{Cc}/u.test(key)) return "has a control character";
  if (key.includes("\\")) return "has a backslash, which browsers turn into a slash";
  if (key.startsWith("/")) return "begins with a slash";
  const segments = key.replace(/\/$/, "").split("/");
  if (segments.includes("")) return "has an empty segment (two slashes in a row)";
  if (segments.includes("..")) return 'has a ".." segment';
  if (segments.includes(".")) return 'has a "." segment, which clients drop from a URL before they ask';
  return undefined;
}

/** S3 consoles make empty objects whose key ends in a slash to show a folder; no page stands behind them. */
export function isDirectoryMarker(object: { readonly key: string; readonly size: number }): boolean {
  return object.size === 0 && object.key.endsWith("/");
}
