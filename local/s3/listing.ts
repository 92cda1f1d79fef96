import { sendXml } from "../wire/reply.ts";
import { xmlMembers } from "../wire/xml.ts";
import type { S3Call } from "./address.ts";
import { invalidArgument } from "./errors.ts";
import { firstAfter } from "./keys.ts";
import { s3Namespace } from "./objects.ts";
import type { ObjectStore } from "./store.ts";
import type { ObjectRecord } from "./types.ts";

interface Page {
  readonly objects: ObjectRecord[];
  readonly prefixes: string[];
  /** The last key or common prefix of a page that is not the last one. */
  readonly next: string | undefined;
}

/** ListObjects and ListObjectsV2. Both are strongly consistent, in byte order, 1,000 entries a page at most. */
export async function listObjects({ response, store, bucket, query }: S3Call): Promise<void> {
  const second = query.get("list-type") === "2";
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const maxKeys = Number(query.get("max-keys") ?? 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) throw invalidArgument("max-keys is not valid.");
  const token = query.get("continuation-token");
  const startAfter = query.get(second ? "start-after" : "marker") ?? "";
  const after = token === null ? startAfter : Buffer.from(token, "base64url").toString("utf8");
  const page = pageOf(store, bucket, { prefix, delimiter, after, limit: Math.min(maxKeys, 1000) });
  const encode = query.get("encoding-type") === "url" ? encodeKey : (text: string): string => text;
  const common = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: query.get("encoding-type") ?? undefined,
    IsTruncated: page.next !== undefined,
    Contents: page.objects.map((object) => ({
      Key: encode(object.key),
      LastModified: new Date(object.lastModified).toISOString(),
      ETag: object.etag,
      Size: object.size,
      StorageClass: "STANDARD",
    })),
    CommonPrefixes: page.prefixes.map((text) => ({ Prefix: encode(text) })),
  };
  const first = {
    Marker: encode(startAfter),
    NextMarker: page.next === undefined ? undefined : encode(page.next),
  };
  const paging = {
    KeyCount: page.objects.length + page.prefixes.length,
    StartAfter: startAfter === "" ? undefined : encode(startAfter),
    ContinuationToken: token ?? undefined,
    NextContinuationToken: page.next === undefined ? undefined : Buffer.from(page.next).toString("base64url"),
  };
  const members = xmlMembers({ ...common, ...(second ? paging : first) });
  sendXml(response, `<ListBucketResult xmlns="${s3Namespace}">${members}</ListBucketResult>`);
}

/**
 * ListObjectVersions. Nothing here keeps versions: each object has the one that an unversioned bucket's have, "null".
 */
export async function listVersions({ response, store, bucket, query }: S3Call): Promise<void> {
  const prefix = query.get("prefix") ?? "";
  const after = query.get("key-marker") ?? "";
  const page = pageOf(store, bucket, { prefix, delimiter: "", after, limit: 1000 });
  const members = xmlMembers({
    Name: bucket,
    Prefix: prefix,
    KeyMarker: after,
    MaxKeys: 1000,
    IsTruncated: page.next !== undefined,
    NextKeyMarker: page.next,
    NextVersionIdMarker: page.next === undefined ? undefined : "null",
    Version: page.objects.map(({ key, lastModified, etag, size }) => ({
      Key: key,
      VersionId: "null",
      IsLatest: true,
      LastModified: new Date(lastModified).toISOString(),
      ETag: etag,
      Size: size,
      StorageClass: "STANDARD",
    })),
  });
  sendXml(response, `<ListVersionsResult xmlns="${s3Namespace}">${members}</ListVersionsResult>`);
}

function pageOf(
  store: ObjectStore,
  bucket: string,
  wanted: { prefix: string; delimiter: string; after: string; limit: number },
): Page {
  const { prefix, delimiter, after, limit } = wanted;
  const keys = store.keys(bucket);
  const objects: ObjectRecord[] = [];
  const prefixes: string[] = [];
  let index = Math.max(firstAfter(keys, prefix, true), after === "" ? 0 : firstAfter(keys, after));
  let last: string | undefined;
  while (index < keys.length) {
    const key = keys[index] ?? "";
    if (!key.startsWith(prefix)) break;
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const group = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    if (group !== undefined && after !== "" && after >= group && after.startsWith(group)) {
      index = pastGroup(keys, group, index);
      continue;
    }
    if (objects.length + prefixes.length >= limit)
      return { objects, prefixes, next: limit === 0 ? undefined : last };
    if (group === undefined) {
      objects.push(store.object(bucket, key));
      index += 1;
    } else {
      prefixes.push(group);
      index = pastGroup(keys, group, index);
    }
    last = group ?? key;
  }
  return { objects, prefixes, next: undefined };
}

function pastGroup(keys: readonly string[], group: string, from: number): number {
  // Greater than every key that starts with the group: U+10FFFF is the last character there is.
  return Math.max(firstAfter(keys, `${group}\u{10ffff}`), from + 1);
}

function encodeKey(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/");
}
