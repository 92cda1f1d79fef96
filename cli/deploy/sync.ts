import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { DeleteObjectsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { type ListedObject, listBucket } from "../../lib/aws/bucket.ts";
import { s3 } from "../../lib/aws/s3-client.ts";
import { contentListing } from "../../lib/releases/content-listing.ts";
import { listingDigest } from "../../lib/site/listing.ts";
import { contentType } from "../../lib/site/media-type.ts";
import { contentOf, MARKER_KEY } from "../../lib/site/settled.ts";
import { CommandFailed } from "../failure.ts";
import { hasBytesOf, WHOLE } from "./digest.ts";
import type { LocalFile } from "./files.ts";

/** What makes a bucket hold just a folder's files. */
export interface Difference {
  readonly uploads: readonly LocalFile[];
  /** Keys. */
  readonly deletes: readonly string[];
  readonly unchanged: number;
  /** Of what the bucket holds now (lib/site/listing.ts). */
  readonly listing: string;
}

/** How far an upload is; sizes in bytes. */
export interface Progress {
  readonly files: number;
  readonly bytes: number;
}

const AT_ONCE = 16;
const DELETED_AT_ONCE = 1000;

/** Compares files with a bucket by size and digest, never by time. */
export async function differenceOf(files: readonly LocalFile[], bucket: string): Promise<Difference> {
  const objects = contentOf(await listBucket(bucket));
  const listed = new Map(objects.map((object) => [object.key, object]));
  const keys = new Set(files.map(({ key }) => key));
  const uploads: LocalFile[] = [];
  await each(files, async (file) => {
    if (!(await isSame(file, listed.get(file.key)))) uploads.push(file);
  });
  const deletes = objects.map(({ key }) => key).filter((key) => !keys.has(key));
  return { uploads, deletes, unchanged: files.length - uploads.length, listing: listingDigest(objects) };
}

async function isSame({ path, size }: LocalFile, object: ListedObject | undefined): Promise<boolean> {
  return object !== undefined && object.size === size && (await hasBytesOf(path, size, object.etag));
}

/**
 * Uploads and deletes what differs, then says in the bucket that the upload is complete, so that nobody waits for it
 * to settle. Returns the digest of the listing that the bucket has then. Rejects with the signal's reason.
 */
export async function transfer(
  { uploads, deletes, listing }: Difference,
  bucket: string,
  tell: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<string> {
  if (uploads.length + deletes.length === 0) return listing;
  let [files, bytes] = [0, 0];
  await each(uploads, async (file) => {
    await upload(file, bucket, signal);
    files += 1;
    bytes += file.size;
    tell({ files, bytes });
  });
  for (let start = 0; start < deletes.length; start += DELETED_AT_ONCE) {
    const Objects = deletes.slice(start, start + DELETED_AT_ONCE).map((Key) => ({ Key }));
    const { Errors = [] } = await s3().send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
      { abortSignal: signal },
    );
    const [first] = Errors;
    if (first !== undefined)
      throw new CommandFailed(`${Errors.length} files could not be deleted; ${first.Key}: ${first.Message}`);
  }
  const marker = new PutObjectCommand({ Bucket: bucket, Key: MARKER_KEY, Body: "", ContentLength: 0 });
  await s3().send(marker, { abortSignal: signal });
  return contentListing(bucket);
}

/** One PUT takes 5 GiB, and a site's file has 1 GiB at most: nothing goes in parts. */
async function upload({ key, path, size }: LocalFile, Bucket: string, signal: AbortSignal): Promise<void> {
  const Body = size <= WHOLE ? await readFile(path) : createReadStream(path, { highWaterMark: 2 ** 20 });
  const put = new PutObjectCommand({
    Bucket,
    Key: key,
    Body,
    ContentLength: size,
    ContentType: contentType(key),
  });
  await s3().send(put, { abortSignal: signal, requestTimeout: 0 });
}

/** Does something for each of many, sixteen at a time; rejects with the first failure. */
async function each<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const queue = all.values();
  const worker = async () => {
    for (const one of queue) await act(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
