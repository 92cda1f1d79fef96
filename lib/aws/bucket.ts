import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { ConditionFailed, type ObjectStore } from "../objects.ts";
import { s3 } from "./s3-client.ts";

/** Parts of 8 MiB, four under way: 32 MiB of memory whatever the object's size. */
const PART_BYTES = 8 * 1024 * 1024;

function failsWith(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** An error for conditions that did not hold; everything else stays what it is. */
function conditional(key: string, error: unknown): unknown {
  return failsWith(error, "PreconditionFailed")
    ? new ConditionFailed(`The object ${key} is not in the expected version.`)
    : error;
}

/** The documents of a bucket as the protocol and the records see them. */
export function objectStore(Bucket: string): ObjectStore {
  return {
    async get(key) {
      try {
        const object = await s3().send(new GetObjectCommand({ Bucket, Key: key }));
        return { body: (await object.Body?.transformToString()) ?? "", etag: object.ETag ?? "" };
      } catch (error) {
        if (failsWith(error, "NoSuchKey")) return undefined;
        throw error;
      }
    },
    async put(key, body, condition) {
      const guard =
        condition === undefined
          ? {}
          : "absent" in condition
            ? { IfNoneMatch: "*" }
            : { IfMatch: condition.etag };
      try {
        const { ETag } = await s3().send(
          new PutObjectCommand({ Bucket, Key: key, Body: body, ContentType: "application/json", ...guard }),
        );
        return ETag ?? "";
      } catch (error) {
        // A write that happened although its answer was lost fails its own repetition: look before giving up.
        if (condition !== undefined && failsWith(error, "PreconditionFailed", "NoSuchKey")) {
          const stored = await this.get(key);
          if (stored?.body === body) return stored.etag;
          throw new ConditionFailed(`The object ${key} is not in the expected version.`);
        }
        throw error;
      }
    },
    async putSecret(key, body, condition) {
      const object = { Bucket, Key: key, Body: body, ContentType: "text/plain" };
      const guard = condition && { IfNoneMatch: "*" };
      try {
        await s3().send(new PutObjectCommand({ ...object, ServerSideEncryption: "aws:kms", ...guard }));
      } catch (error) {
        throw conditional(key, error);
      }
    },
    async delete(key, condition) {
      try {
        await s3().send(
          new DeleteObjectCommand({ Bucket, Key: key, ...(condition && { IfMatch: condition.etag }) }),
        );
      } catch (error) {
        if (failsWith(error, "NoSuchKey")) return;
        throw conditional(key, error);
      }
    },
    async list(prefix) {
      const keys: string[] = [];
      for await (const page of paginateListObjectsV2({ client: s3() }, { Bucket, Prefix: prefix })) {
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
      }
      return keys;
    },
  };
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  /** ISO 8601, as S3 has it. */
  readonly lastModified: string;
}

/** Every object of a bucket, in byte order of the keys. */
export async function listBucket(Bucket: string): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const page of paginateListObjectsV2({ client: s3() }, { Bucket })) {
    for (const object of page.Contents ?? []) {
      objects.push({
        key: object.Key ?? "",
        size: object.Size ?? 0,
        etag: object.ETag ?? "",
        lastModified: (object.LastModified ?? new Date(0)).toISOString(),
      });
    }
  }
  return objects;
}

/** Whether the bucket holds no object at all: one call, whatever is in it. */
export async function isEmptyBucket(Bucket: string): Promise<boolean> {
  const page = await s3().send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 }));
  return (page.Contents ?? []).length === 0;
}

/** A multipart upload that has not ended. */
export interface OpenUpload {
  readonly key: string;
  readonly id: string;
  /** Epoch milliseconds. */
  readonly begun: number;
}

/** The multipart uploads that are open, below a prefix or all of them. */
export async function openUploads(Bucket: string, Prefix = ""): Promise<OpenUpload[]> {
  const uploads: OpenUpload[] = [];
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    const page = await s3().send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...marker }));
    for (const { Key = "", UploadId = "", Initiated = new Date(0) } of page.Uploads ?? [])
      uploads.push({ key: Key, id: UploadId, begun: Initiated.getTime() });
    if (!page.IsTruncated || page.NextKeyMarker === undefined) return uploads;
    marker = {
      KeyMarker: page.NextKeyMarker,
      ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
    };
  }
}

/** Ends a multipart upload and removes its parts; nothing happens where it has ended. */
export async function abortUpload(
  Bucket: string,
  { key: Key, id: UploadId }: { readonly key: string; readonly id: string | undefined },
): Promise<void> {
  try {
    await s3().send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  } catch (error) {
    if (!failsWith(error, "NoSuchUpload")) throw error;
  }
}

/** An object's size in bytes, or undefined where there is none. */
export async function objectSize(Bucket: string, Key: string): Promise<number | undefined> {
  return (await objectState(Bucket, Key))?.size;
}

/** An object's size in bytes and its ETag, or undefined where there is none. */
export async function objectState(
  Bucket: string,
  Key: string,
): Promise<{ size: number; etag: string } | undefined> {
  try {
    const { ContentLength = 0, ETag = "" } = await s3().send(new HeadObjectCommand({ Bucket, Key }));
    return { size: ContentLength, etag: ETag };
  } catch (error) {
    if (failsWith(error, "NotFound", "NoSuchKey")) return undefined;
    throw error;
  }
}

/**
 * Random access to an object's bytes, as the archive reader and the disk assembly want it; with an ETag to those of
 * just this version (PreconditionFailed).
 */
export function objectSource(Bucket: string, Key: string, size: number, etag?: string) {
  return {
    size,
    async read(offset: number, length: number): Promise<Buffer> {
      if (length === 0) return Buffer.alloc(0);
      const Range = `bytes=${offset}-${offset + length - 1}`;
      const object = await s3().send(new GetObjectCommand({ Bucket, Key, Range, IfMatch: etag }));
      return Buffer.from((await object.Body?.transformToByteArray()) ?? new Uint8Array());
    },
  };
}

/** Streams a body of any size into an object. */
export async function uploadObject(
  Bucket: string,
  Key: string,
  Body: Readable,
  ContentType: string,
): Promise<void> {
  const upload = new Upload({
    client: s3(),
    params: { Bucket, Key, Body, ContentType },
    partSize: PART_BYTES,
    queueSize: 4,
  });
  await upload.done();
}

/** Stores bytes under a key that names their content, unless they are there already. */
export async function keepObject(
  Bucket: string,
  Key: string,
  body: Buffer,
  ContentType: string,
): Promise<void> {
  if ((await objectSize(Bucket, Key)) === body.length) return;
  await s3().send(new PutObjectCommand({ Bucket, Key, Body: body, ContentType }));
}

/** SHA-256 of an object's bytes, in lower-case hex, and their number. */
export async function digestObject(Bucket: string, Key: string): Promise<{ digest: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const { Body } = await s3().send(new GetObjectCommand({ Bucket, Key }));
  for await (const chunk of Body as Readable) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { digest: hash.digest("hex"), bytes };
}
