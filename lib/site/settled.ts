/** An object with this key, newer than all others, says that the upload is complete. Never part of the site. */
export const MARKER_KEY = "mirage-pages.done";

/** What of a listing is the site: everything but the marker. */
export function contentOf<T extends { readonly key: string }>(listed: readonly T[]): T[] {
  return listed.filter(({ key }) => key !== MARKER_KEY);
}

/** A multipart upload that was begun longer ago counts as abandoned. */
export const ABANDONED_UPLOAD_MS = 60 * 60 * 1000;

export interface Look {
  readonly listed: readonly { readonly key: string; readonly lastModified: string }[];
  /** Digest of this look's listing, the marker left out, and of the look before. */
  readonly listing: string;
  readonly previous: string | null;
  /** When the open multipart uploads were begun; epoch milliseconds. */
  readonly uploads: readonly number[];
  readonly now: number;
}

/**
 * Whether a bucket has come to rest: the marker says so, or two looks saw the same and no multipart upload
 * is open. Pure.
 */
export function isSettled({ listed, listing, previous, uploads, now }: Look): boolean {
  const marker = listed.find(({ key }) => key === MARKER_KEY);
  if (marker !== undefined) {
    const newest = listed.every(
      ({ key, lastModified }) => key === MARKER_KEY || lastModified <= marker.lastModified,
    );
    if (newest) return true;
  }
  return previous === listing && uploads.every((begun) => now - begun > ABANDONED_UPLOAD_MS);
}
