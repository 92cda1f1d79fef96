import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { pipeline } from "node:stream/promises";
import { AwsError, readBody } from "../service.ts";
import { requestId, sendXml } from "../wire/reply.ts";
import { unescapeXml, xml } from "../wire/xml.ts";
import type { S3Call } from "./address.ts";
import { addressOf, objectHeaders, writeConditions } from "./address.ts";
import { invalidRange, notModified, preconditionFailed } from "./errors.ts";
import { receiveBody } from "./receive.ts";
import { type ObjectStore, unquote, wholeSeconds } from "./store.ts";
import type { ObjectRecord } from "./types.ts";

/** Bytes that are read in one go. */
const readAtOnce = 256 * 1024;

export const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** PutObject: the body goes to disk first, the conditions are checked together with the write that follows. */
export async function putObject(call: S3Call): Promise<void> {
  const { request, response, store, bucket, key } = call;
  const conditions = writeConditions(request);
  if (Buffer.byteLength(key) > 1024) throw new AwsError("KeyTooLongError", "Your key is too long", 400);
  store.check(bucket, key, conditions);
  const { file, size, md5, checksum } = await receiveBody(request, store.content);
  const headers = objectHeaders(request);
  const object: ObjectRecord = {
    key,
    size,
    // Of what KMS encrypts the tag is no digest of the content.
    etag: headers[encryption] === "aws:kms" ? `"${randomBytes(16).toString("hex")}"` : `"${md5}"`,
    lastModified: wholeSeconds(),
    headers,
    segments: [{ file, length: size }],
    multipart: false,
    checksum,
  };
  store.put(bucket, object, conditions, "PutObject");
  response
    .writeHead(200, { etag: object.etag, ...checksumHeaders(object), ...identity(headers[encryption]) })
    .end();
}

/** CopyObject: the copy shares the content on disk. */
export async function copyObject(call: S3Call): Promise<void> {
  const { request, response, store, bucket, key } = call;
  request.resume();
  const { object: original, ...source } = copySource(request.headers, store);
  const replaceHeaders = request.headers["x-amz-metadata-directive"] === "REPLACE";
  if (source.bucket === bucket && source.key === key && !replaceHeaders) {
    throw new AwsError(
      "InvalidRequest",
      "This copy request is illegal: it copies an object onto itself.",
      400,
    );
  }
  const copy: ObjectRecord = {
    ...original,
    key,
    lastModified: wholeSeconds(),
    headers: replaceHeaders ? objectHeaders(request) : original.headers,
    segments: original.segments.map((one) => ({ ...one, file: store.content.link(one.file) })),
  };
  store.put(bucket, copy, writeConditions(request), "CopyObject");
  const result = { ETag: copy.etag, LastModified: new Date(copy.lastModified).toISOString() };
  sendXml(response, xml("CopyObjectResult", result));
}

/** The object that a copy is of, in the version that the call names. Throws NoSuchKey, PreconditionFailed. */
export function copySource(
  headers: IncomingHttpHeaders,
  store: ObjectStore,
): { object: ObjectRecord; bucket: string; key: string } {
  const { bucket, key } = addressOf(`/${String(headers["x-amz-copy-source"]).replace(/^\//, "")}`);
  const object = store.object(bucket, key);
  const wanted = headers["x-amz-copy-source-if-match"];
  if (wanted !== undefined && unquote(String(wanted)) !== unquote(object.etag)) {
    throw preconditionFailed("x-amz-copy-source-If-Match");
  }
  return { object, bucket, key };
}

/** GetObject and HeadObject, with ranges and conditions; content is streamed from disk. */
export async function getObject(call: S3Call): Promise<void> {
  const { request, response, store, bucket, key, query } = call;
  const object = store.object(bucket, key);
  checkReadConditions(call, object);
  const range = wantedRange(request.headers.range, query.get("partNumber"), object);
  const headers = { ...identity(), ...object.headers, ...overrides(query) };
  const length = range.end - range.start + 1;
  response.writeHead(range.partial ? 206 : 200, {
    ...headers,
    etag: object.etag,
    "last-modified": new Date(object.lastModified).toUTCString(),
    "accept-ranges": "bytes",
    "content-length": length,
    ...(range.partial ? { "content-range": `bytes ${range.start}-${range.end}/${object.size}` } : {}),
    ...(query.has("partNumber") && object.multipart
      ? { "x-amz-mp-parts-count": partsOf(object).length }
      : {}),
    ...(request.headers["x-amz-checksum-mode"] === "ENABLED" && !range.partial
      ? checksumHeaders(object)
      : {}),
  });
  if (request.method === "HEAD" || length === 0) {
    response.end();
    return;
  }
  if (length <= readAtOnce) {
    response.end(store.content.readNow(object.segments, range.start, range.end));
    return;
  }
  // A client that goes away in the middle is no error of ours.
  await pipeline(store.content.read(object.segments, range.start, range.end), response).catch(
    () => undefined,
  );
}

/** DeleteObject. */
export async function deleteObject({ request, response, store, bucket, key }: S3Call): Promise<void> {
  store.delete(bucket, key, writeConditions(request));
  response.writeHead(204, identity()).end();
}

/** DeleteObjects: up to 1,000 keys, each of which succeeds or fails for itself. */
export async function deleteObjects({ request, response, store, bucket }: S3Call): Promise<void> {
  const body = (await readBody(request)).toString("utf8");
  const quiet = /<Quiet>\s*true\s*<\/Quiet>/i.test(body);
  const objects = [...body.matchAll(/<Object>([\s\S]*?)<\/Object>/g)].map((match) => match[1] ?? "");
  if (objects.length === 0 || objects.length > 1000) {
    throw new AwsError("MalformedXML", "The XML you provided was not well-formed.", 400);
  }
  store.keys(bucket);
  const results = objects.map((member) => {
    const key = unescapeXml(/<Key>([\s\S]*?)<\/Key>/.exec(member)?.[1] ?? "");
    const etag = /<ETag>([\s\S]*?)<\/ETag>/.exec(member)?.[1];
    try {
      store.delete(bucket, key, { ifMatch: etag === undefined ? undefined : unescapeXml(etag) });
      return quiet ? "" : xml("Deleted", { Key: key });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return xml("Error", { Key: key, Code: error.code, Message: error.message });
    }
  });
  sendXml(response, `<DeleteResult xmlns="${s3Namespace}">${results.join("")}</DeleteResult>`);
}

/** GetObjectAttributes: those of size, ETag, checksum and storage class. */
export async function getObjectAttributes({ response, store, bucket, key }: S3Call): Promise<void> {
  const object = store.object(bucket, key);
  response.setHeader("last-modified", new Date(object.lastModified).toUTCString());
  const parts = object.multipart ? { TotalPartsCount: partsOf(object).length } : undefined;
  const members = {
    ETag: unquote(object.etag),
    ObjectParts: parts,
    StorageClass: "STANDARD",
    ObjectSize: object.size,
  };
  sendXml(response, xml("GetObjectAttributesResponse", members));
}

const encryption = "x-amz-server-side-encryption";

/** Headers that every answer of S3 carries. */
export function identity(encrypted = "AES256"): Record<string, string> {
  return { "x-amz-request-id": requestId(), [encryption]: encrypted };
}

/** The header of an object's or part's checksum, if it has one. */
export function checksumHeaders(object: Pick<ObjectRecord, "checksum">): Record<string, string> {
  if (object.checksum === undefined) return {};
  const { algorithm, value } = object.checksum;
  return { [`x-amz-checksum-${algorithm}`]: value, "x-amz-checksum-type": "FULL_OBJECT" };
}

/** RFC 9110 §13.2.2: If-Match before If-Unmodified-Since, If-None-Match before If-Modified-Since. */
function checkReadConditions({ request }: S3Call, object: ObjectRecord): void {
  const { headers } = request;
  const matches = (given: string): boolean => given === "*" || unquote(given) === unquote(object.etag);
  if (headers["if-match"] !== undefined) {
    if (!matches(headers["if-match"])) throw preconditionFailed("If-Match");
  } else if (object.lastModified > Date.parse(headers["if-unmodified-since"] ?? "")) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  if (headers["if-none-match"] !== undefined) {
    if (matches(headers["if-none-match"])) throw notModified();
  } else if (object.lastModified <= Date.parse(headers["if-modified-since"] ?? "")) {
    throw notModified();
  }
}

interface Range {
  readonly start: number;
  /** The last byte, counted in. */
  readonly end: number;
  readonly partial: boolean;
}

function wantedRange(header: string | undefined, partNumber: string | null, object: ObjectRecord): Range {
  const whole = { start: 0, end: object.size - 1, partial: false };
  if (partNumber !== null) return partRange(Number(partNumber), object);
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  // S3 answers a header it cannot parse, or several ranges, with the whole object.
  if (first === "" && last === "") return whole;
  const start = first === "" ? Math.max(object.size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? object.size - 1 : Math.min(Number(last), object.size - 1);
  if (start >= object.size || (first === "" && Number(last) === 0)) throw invalidRange(object.size);
  if (end < start) return whole;
  return { start, end, partial: true };
}

function partRange(number: number, object: ObjectRecord): Range {
  if (!object.multipart && number === 1) return { start: 0, end: object.size - 1, partial: false };
  const parts = partsOf(object);
  const length = parts[number - 1];
  if (length === undefined)
    throw new AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416);
  const start = parts.slice(0, number - 1).reduce((sum, bytes) => sum + bytes, 0);
  return { start, end: start + length - 1, partial: true };
}

/** Bytes of each part; what was kept by an older local cloud has a segment for each. */
function partsOf({ parts, segments }: ObjectRecord): readonly number[] {
  return parts ?? segments.map(({ length }) => length);
}

function overrides(query: URLSearchParams): Record<string, string> {
  const changed: Record<string, string> = {};
  for (const [name, value] of query) {
    if (/^response-(content-(type|language|disposition|encoding)|cache-control|expires)$/.test(name)) {
      changed[name.slice("response-".length)] = value;
    }
  }
  return changed;
}
