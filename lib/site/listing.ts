import { createHash } from "node:crypto";
import {
  DuplicatePath,
  EmptySite,
  type KeyProblem,
  NoIndex,
  ObjectTooLarge,
  type PathClash,
  SiteTooLarge,
  TooManyObjects,
  UnsafeKey,
} from "./errors.ts";
import { compareBytes, isDirectoryMarker, keyProblem } from "./keys.ts";

/** One object as ListObjectsV2 tells it. */
export interface ListedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly etag: string;
  /** A Date, or the text of one after a trip through JSON. */
  readonly lastModified: Date | string;
}

/** The largest site that one deployment takes; sizes in bytes. */
export const siteLimits = {
  objectBytes: 1024 ** 3,
  objects: 50_000,
  siteBytes: 2 * 1024 ** 3,
} as const;

/** What the owner of a site may set. */
export interface SiteSettings {
  /** Deploy a bucket without any file. Default false: it would blank the site. */
  readonly allowEmpty?: boolean;
  /** Smaller limits than `siteLimits`. */
  readonly limits?: { readonly [name in keyof typeof siteLimits]?: number };
}

/** A listing that can be packed. */
export interface CheckedSite<T extends ListedObject = ListedObject> {
  /** What to pack, in byte order of the keys; directory markers left out. */
  readonly objects: readonly T[];
  /** Sum of the sizes. */
  readonly bytes: number;
}

/** Answered by the machine before it looks into the site (docs/archive.md). */
const ownPaths = ["/.well-known/mirage-pages"];

/**
 * Decides whether a listing can become a site. Pure. Throws one of the SiteRefused family: EmptySite,
 * TooManyObjects, ObjectTooLarge, SiteTooLarge, UnsafeKey, DuplicatePath or NoIndex, in this order, each
 * naming every culprit as far as a message can.
 */
export function checkListing<T extends ListedObject>(
  listing: readonly T[],
  settings: SiteSettings = {},
): CheckedSite<T> {
  const limits = { ...siteLimits, ...settings.limits };
  const objects = listing.filter((object) => !isDirectoryMarker(object));
  if (objects.length === 0) {
    if (settings.allowEmpty === true) return { objects, bytes: 0 };
    throw new EmptySite();
  }
  if (objects.length > limits.objects) throw new TooManyObjects(objects.length, limits.objects);
  const bytes = checkSizes(objects, limits.objectBytes, limits.siteBytes);
  objects.sort((a, b) => compareBytes(a.key, b.key));
  checkKeys(objects);
  if (!objects.some(({ key }) => key === "index.html")) {
    throw new NoIndex(objects.find(({ key }) => key.endsWith("/index.html"))?.key);
  }
  return { objects, bytes };
}

function checkSizes(objects: readonly ListedObject[], objectLimit: number, siteLimit: number): number {
  let bytes = 0;
  for (const { key, size } of objects) {
    if (size > objectLimit) throw new ObjectTooLarge(key, size, objectLimit);
    bytes += size;
  }
  if (bytes > siteLimit) throw new SiteTooLarge(bytes, siteLimit);
  return bytes;
}

function checkKeys(objects: readonly ListedObject[]): void {
  const problems: KeyProblem[] = [];
  for (const { key } of objects) {
    const reason = keyProblem(key);
    if (reason !== undefined) problems.push({ key, reason });
  }
  if (problems.length > 0) throw new UnsafeKey(problems);
  const clashes = pathClashes(objects);
  if (clashes.length > 0) throw new DuplicatePath(clashes);
  // Only now: "docs/" beside "docs/index.html" is better told as the clash it is.
  const folders = objects.filter(({ key }) => key.endsWith("/"));
  const reason = "ends in a slash but is not empty: it is a folder's name with a file's content";
  if (folders.length > 0) throw new UnsafeKey(folders.map(({ key }) => ({ key, reason })));
}

/**
 * Keys that would be one path: equal after NFC, for the same name typed on two systems must not be two pages, or
 * answering where the machine does itself.
 */
function pathClashes(objects: readonly ListedObject[]): PathClash[] {
  const clashes: PathClash[] = [];
  const owners = new Map<string, string>();
  for (const { key } of objects) {
    const path = `/${key}`.normalize("NFC");
    const owner = owners.get(path);
    if (ownPaths.includes(path.replace(/(?:\/index)?\.html$/, ""))) clashes.push({ path, first: key });
    else if (owner !== undefined) clashes.push({ path, first: owner, second: key });
    else owners.set(path, key);
  }
  return clashes;
}

/**
 * SHA-256 (lower-case hex) of a listing: of every key, size, ETag and LastModified, whatever order they come
 * in. Equal digests mean that nothing was written to the bucket in between.
 */
export function listingDigest(listing: readonly ListedObject[]): string {
  const hash = createHash("sha256");
  for (const { key, size, etag, lastModified } of listing.toSorted((a, b) => compareBytes(a.key, b.key))) {
    hash.update(`${JSON.stringify([key, size, etag, new Date(lastModified).toISOString()])}\n`);
  }
  return hash.digest("hex");
}
