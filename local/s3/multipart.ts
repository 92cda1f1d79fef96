import { createHash } from "node:crypto";
import { AwsError, readBody } from "../service.ts";
import { sendXml } from "../wire/reply.ts";
import { unescapeXml, xmlMembers } from "../wire/xml.ts";
import type { S3Call } from "./address.ts";
import { objectHeaders, writeConditions } from "./address.ts";
import { invalidArgument } from "./errors.ts";
import { checksumHeaders, copySource, identity, s3Namespace } from "./objects.ts";
import { receiveBody } from "./receive.ts";
import { wholeSeconds } from "./store.ts";
import type { ObjectRecord, PartRecord } from "./types.ts";

/** CreateMultipartUpload. */
export async function createMultipartUpload({
  request,
  response,
  store,
  bucket,
  key,
}: S3Call): Promise<void> {
  request.resume();
  const UploadId = store.createUpload(bucket, key, objectHeaders(request));
  sendXml(response, document("InitiateMultipartUploadResult", { Bucket: bucket, Key: key, UploadId }));
}

/** UploadPart: the part goes to a file of its own. */
export async function uploadPart(call: S3Call): Promise<void> {
  const { request, response, store, bucket, key, query } = call;
  const { id, number } = partAddress(query);
  store.upload(bucket, key, id);
  const { file, size, md5, checksum } = await receiveBody(request, store.content);
  const part: PartRecord = {
    number,
    size,
    etag: `"${md5}"`,
    lastModified: wholeSeconds(),
    segments: [{ file, length: size }],
    checksum,
  };
  store.putPart(bucket, key, id, part);
  response.writeHead(200, { etag: part.etag, ...checksumHeaders({ checksum }), ...identity() }).end();
}

/**
 * UploadPartCopy of a whole object or of a range of one: the content is shared, not read. The part's ETag is no MD5
 * of it, therefore, as with S3 when KMS encrypts it.
 */
export async function uploadPartCopy(call: S3Call): Promise<void> {
  const { request, response, store, bucket, key, query } = call;
  request.resume();
  const { id, number } = partAddress(query);
  store.upload(bucket, key, id);
  const { object, start, end } = copiedRange(call);
  const size = end - start + 1;
  const etag = `"${createHash("md5").update(`${object.etag} ${start} ${size}`).digest("hex")}"`;
  const segments = await store.content.share(object.segments, start, end);
  const part: PartRecord = { number, size, etag, lastModified: wholeSeconds(), segments };
  store.putPart(bucket, key, id, part);
  const result = { ETag: part.etag, LastModified: new Date(part.lastModified).toISOString() };
  sendXml(response, document("CopyPartResult", result));
}

/** What a copy is of. Throws NoSuchKey, PreconditionFailed, InvalidRequest, InvalidArgument. */
function copiedRange({ request: { headers }, store }: S3Call): {
  object: ObjectRecord;
  start: number;
  end: number;
} {
  const { object } = copySource(headers, store);
  const given = headers["x-amz-copy-source-range"];
  if (given === undefined) return { object, start: 0, end: object.size - 1 };
  if (object.size <= 5 * 1024 * 1024) {
    throw new AwsError(
      "InvalidRequest",
      "The specified copy source is not supported as a byte-range copy source",
    );
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(String(given));
  const [start, end] = [Number(range?.[1]), Number(range?.[2])];
  if (range === null || start > end || end >= object.size)
    throw invalidArgument("The x-amz-copy-source-range value is not valid.");
  return { object, start, end };
}

/** CompleteMultipartUpload, with the conditions of a write. */
export async function completeMultipartUpload(call: S3Call): Promise<void> {
  const { request, response, store, bucket, key, query } = call;
  const body = (await readBody(request)).toString("utf8");
  const parts = [...body.matchAll(/<Part>([\s\S]*?)<\/Part>/g)].map(([, member = ""]) => ({
    number: Number(/<PartNumber>\s*(\d+)\s*<\/PartNumber>/.exec(member)?.[1]),
    etag: unescapeXml(/<ETag>([\s\S]*?)<\/ETag>/.exec(member)?.[1] ?? ""),
  }));
  const id = query.get("uploadId") ?? "";
  const { etag } = store.completeUpload(bucket, key, id, parts, writeConditions(request));
  const Location = `http://${request.headers.host ?? ""}/${bucket}/${encodeURIComponent(key)}`;
  sendXml(
    response,
    document("CompleteMultipartUploadResult", { Location, Bucket: bucket, Key: key, ETag: etag }),
  );
}

/** AbortMultipartUpload. */
export async function abortMultipartUpload({ response, store, bucket, key, query }: S3Call): Promise<void> {
  store.abortUpload(bucket, key, query.get("uploadId") ?? "");
  response.writeHead(204, identity()).end();
}

/** ListParts of an open upload, up to 1,000 a page. */
export async function listParts({ response, store, bucket, key, query }: S3Call): Promise<void> {
  const id = query.get("uploadId") ?? "";
  const upload = store.upload(bucket, key, id);
  const after = Number(query.get("part-number-marker") ?? 0);
  const limit = Math.min(Number(query.get("max-parts") ?? 1000), 1000);
  const parts = [...upload.parts.values()]
    .filter(({ number }) => number > after)
    .sort((a, b) => a.number - b.number);
  const page = parts.slice(0, limit);
  const truncated = page.length < parts.length;
  const members = {
    Bucket: bucket,
    Key: key,
    UploadId: id,
    PartNumberMarker: after,
    NextPartNumberMarker: truncated ? page.at(-1)?.number : undefined,
    MaxParts: limit,
    IsTruncated: truncated,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: new Date(part.lastModified).toISOString(),
      ETag: part.etag,
      Size: part.size,
    })),
    StorageClass: "STANDARD",
  };
  sendXml(response, document("ListPartsResult", members));
}

/** ListMultipartUploads of a bucket, up to 1,000 a page, with prefix and markers. */
export async function listMultipartUploads({ response, store, bucket, query }: S3Call): Promise<void> {
  const prefix = query.get("prefix") ?? "";
  const encode = query.get("encoding-type") === "url" ? encodeURIComponent : (text: string): string => text;
  const limit = Math.min(Number(query.get("max-uploads") ?? 1000), 1000);
  const open = store.openUploads(bucket).filter(({ key }) => key.startsWith(prefix));
  const [keyMarker, idMarker] = [query.get("key-marker") ?? "", query.get("upload-id-marker") ?? ""];
  const marked = open.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const rest = open.slice(marked + 1).filter(({ key }) => marked >= 0 || keyMarker === "" || key > keyMarker);
  const page = rest.slice(0, limit);
  const last = page.length < rest.length ? page.at(-1) : undefined;
  const members = {
    Bucket: bucket,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: last === undefined ? undefined : encode(last.key),
    NextUploadIdMarker: last?.id,
    Prefix: encode(prefix),
    EncodingType: query.get("encoding-type") ?? undefined,
    MaxUploads: limit,
    IsTruncated: last !== undefined,
    Upload: page.map((upload) => ({
      Key: encode(upload.key),
      UploadId: upload.id,
      StorageClass: "STANDARD",
      Initiated: new Date(upload.initiated).toISOString(),
    })),
  };
  sendXml(response, document("ListMultipartUploadsResult", members));
}

function document(name: string, members: Parameters<typeof xmlMembers>[0]): string {
  return `<${name} xmlns="${s3Namespace}">${xmlMembers(members)}</${name}>`;
}

function partAddress(query: URLSearchParams): { id: string; number: number } {
  const number = Number(query.get("partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new AwsError(
      "InvalidArgument",
      "Part number must be an integer between 1 and 10000, inclusive",
      400,
    );
  }
  return { id: query.get("uploadId") ?? "", number };
}
