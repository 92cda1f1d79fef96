import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { atOnce } from "../archive/at-once.ts";
import { KeptUnusable } from "../archive/kept.ts";
import type { Part } from "../archive/parts.ts";
import type { Source } from "../disk/source.ts";
import { abortUpload } from "./bucket.ts";
import { s3 } from "./s3-client.ts";

/** Parts under way: about 8 MiB of memory for each that is sent, none for those that are copied. */
const partsAtOnce = 6;

/** What is to be an object: its bytes, the parts it is made of, and what copied parts are copied from. */
export interface Composition {
  readonly source: Source;
  readonly parts: readonly Part[];
  /** An object of the same bucket, in just this version. */
  readonly from?: { readonly key: string; readonly etag: string } | undefined;
  readonly contentType: string;
}

/**
 * Makes an object of bytes that are sent and of bytes that S3 copies out of another one (UploadPartCopy). Returns its
 * ETag. Throws KeptUnusable when that other one is gone or has been written since; what was begun is aborted then.
 */
export async function composeObject(Bucket: string, Key: string, composition: Composition): Promise<string> {
  const { source, parts, contentType } = composition;
  const [only] = parts;
  if (parts.length === 1 && only?.keptOffset === undefined) {
    const Body = await source.read(0, source.size);
    const put = await s3().send(new PutObjectCommand({ Bucket, Key, Body, ContentType: contentType }));
    return put.ETag ?? "";
  }
  const { UploadId } = await s3().send(
    new CreateMultipartUploadCommand({ Bucket, Key, ContentType: contentType }),
  );
  const upload = { Bucket, Key, UploadId };
  try {
    const Parts = await sendParts(upload, composition);
    const made = await s3().send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }),
    );
    return made.ETag ?? "";
  } catch (error) {
    // The sweep ends what cannot be aborted now; the first error is the one to tell.
    await abortUpload(Bucket, { key: Key, id: UploadId }).catch(() => undefined);
    throw error;
  }
}

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

interface NumberedPart extends Upload {
  readonly PartNumber: number;
}

async function sendParts(upload: Upload, { source, parts, from }: Composition): Promise<CompletedPart[]> {
  const done: CompletedPart[] = [];
  await atOnce(parts.entries(), partsAtOnce, async ([i, part]) => {
    const numbered = { ...upload, PartNumber: i + 1 };
    const tag = part.keptOffset === undefined ? send(numbered, source, part) : copy(numbered, part, from);
    done[i] = { ETag: await tag, PartNumber: i + 1 };
  });
  return done;
}

async function send(upload: NumberedPart, source: Source, { offset, length }: Part) {
  const Body = await source.read(offset, length);
  return (await s3().send(new UploadPartCommand({ ...upload, Body }))).ETag;
}

async function copy(upload: NumberedPart, { keptOffset = 0, length }: Part, from: Composition["from"]) {
  const range = {
    CopySource: `${upload.Bucket}/${from?.key}`,
    CopySourceRange: `bytes=${keptOffset}-${keptOffset + length - 1}`,
    CopySourceIfMatch: from?.etag,
  };
  try {
    return (await s3().send(new UploadPartCopyCommand({ ...upload, ...range }))).CopyPartResult?.ETag;
  } catch (error) {
    throw asUnusable(error);
  }
}

/** The kept archive is not there any more, or not in the version that its record tells; other errors as they are. */
export function asUnusable(error: unknown): unknown {
  const gone = error instanceof Error && ["PreconditionFailed", "NoSuchKey"].includes(error.name);
  return gone
    ? new KeptUnusable("it was written or deleted after it had been made", { cause: error })
    : error;
}
