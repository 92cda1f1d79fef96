import type { KeptArchive } from "../archive/kept.ts";
import { type PackRecord, packRecordSchema } from "../archive/pack-record.ts";
import { type ArchiveIndex, readIndex } from "../archive/reader.ts";
import { objectSource } from "../aws/bucket.ts";
import { asUnusable } from "../aws/compose.ts";
import { getJson, type ObjectStore, UnreadableRecord } from "../objects.ts";
import { archiveKey, packRecordKey } from "./object-keys.ts";
import type { Archive } from "./records.ts";

/** What the state bucket has of an archive that was packed before: the packer does without what is missing. */
export interface Before {
  readonly previous?: ArchiveIndex | undefined;
  readonly record?: PackRecord | undefined;
  readonly kept?:
    | (KeptArchive & { readonly object: { readonly key: string; readonly etag: string } })
    | undefined;
}

/**
 * Opens a kept archive for the packing of the next one. One that is gone, or that another release of
 * mirage-pages wrote in another format, gives nothing: its content is packed anew.
 */
export async function openKept(
  bucket: string,
  store: ObjectStore,
  { digest, bytes }: Archive,
): Promise<Before> {
  const key = archiveKey(digest);
  const [previous, record] = await Promise.all([
    unlessUnusable(() => readIndex(objectSource(bucket, key, bytes))),
    readPackRecord(store, digest),
  ]);
  if (previous === undefined || record?.etag === undefined) return { previous, record };
  const { etag } = record;
  const { size, read } = objectSource(bucket, key, bytes, etag);
  const archive = {
    size,
    read: (offset: number, length: number) =>
      read(offset, length).catch((error: unknown) => {
        throw asUnusable(error);
      }),
  };
  return { previous, record, kept: { archive, base: previous.base, record, object: { key, etag } } };
}

/** What a kept archive was packed from; undefined when that is gone or cannot be read. */
export async function readPackRecord(store: ObjectStore, digest: string): Promise<PackRecord | undefined> {
  return (await unlessUnusable(() => getJson(store, packRecordKey(digest), packRecordSchema)))?.value;
}

async function unlessUnusable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const unusable =
      error instanceof UnreadableRecord ||
      (error instanceof Error && ["BadArchive", "NoSuchKey"].includes(error.name));
    if (!unusable) throw error;
    tellUnusable(error);
    return undefined;
  }
}

/** Tells the function's log why a kept archive is done without. */
export function tellUnusable({ name, message }: Error): void {
  console.log(JSON.stringify({ kept: "unusable", error: name, message }));
}

/** Longer than S3's whole seconds and the difference of two clocks, in ms. */
const settledBy = 3_000;

/**
 * Names a write of an object. S3 tells times in whole seconds: while another write may still fall into the same
 * one, which could change Cache-Control and leave the ETag, there is no name (as in Git's index, "racily clean").
 */
export function writeVersion(
  { etag, lastModified }: { readonly etag: string; readonly lastModified: string },
  now: number,
): string | undefined {
  return Date.parse(lastModified) + settledBy <= now ? `${etag} ${lastModified}` : undefined;
}
