/** The browser asks each time whether its copy is still right: an answer without a body, if it is. */
export const revalidate = "public, max-age=0, must-revalidate";

/** The name changes with the content: a year without asking. */
export const immutable = "public, max-age=31536000, immutable";

/** Folders in which generators put nothing but files named after their content. */
const fingerprintedFolders = /(?:^|\/)(?:_astro|_app\/immutable|_next\/static|_nuxt)\//;

/** A digest between separators at the end of a name: hexadecimal, or as Vite and esbuild write them. */
const hexDigest = /[._-]([0-9a-f]{8,64})(?:\.min)?\.[a-z0-9]+(?:\.map)?$/;
const shortDigest = /[.-]([0-9A-Za-z_-]{8})\.[a-z0-9]+(?:\.map)?$/;

/**
 * Whether a key's name carries a digest of its content, so that the file never changes under this name. A word,
 * a date or a number is none: a digest has both digits and letters, and a short one also capitals.
 */
export function isFingerprinted(key: string): boolean {
  if (/\.html?$/.test(key)) return false;
  if (fingerprintedFolders.test(key)) return true;
  const hex = hexDigest.exec(key)?.[1];
  if (hex !== undefined && /[0-9]/.test(hex) && /[a-f]/.test(hex)) return true;
  const short = shortDigest.exec(key)?.[1];
  return short !== undefined && /[0-9]/.test(short) && /[a-z]/.test(short) && /[A-Z]/.test(short);
}
