import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller, Service } from "../service.ts";
import { AwsError, notImplemented } from "../service.ts";
import type { S3Call } from "./address.ts";
import { addressOf } from "./address.ts";
import * as buckets from "./buckets.ts";
import { aclNotSupported } from "./errors.ts";
import { listObjects, listVersions } from "./listing.ts";
import * as multipart from "./multipart.ts";
import * as objects from "./objects.ts";
import type { ObjectStore } from "./store.ts";

type Operation = (call: S3Call) => Promise<void>;

/** Whether a caller may list a bucket: who may not is told 403, not 404, of a key that does not exist. */
export type MayList = (caller: Caller, bucket: string) => boolean;

/** S3 over one store: path-style addresses, the calls that the SDKs, the CLI and the functions make. */
export function s3Service(store: ObjectStore, mayList: MayList = () => true): Service {
  return {
    names: ["s3"],
    protocol: "rest-xml",
    async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
      const call: S3Call = { request, response, caller, store, ...addressOf(request.url ?? "/") };
      try {
        await pick(call)(call);
      } catch (error) {
        const hidden =
          error instanceof AwsError && error.code === "NoSuchKey" && !mayList(caller, call.bucket);
        throw hidden ? new AwsError("AccessDenied", "Access Denied", 403) : error;
      }
    },
    async stop(): Promise<void> {
      store.close();
    },
  };
}

function pick(call: S3Call): Operation {
  const method = call.request.method ?? "GET";
  if (call.bucket === "" && method === "GET") return buckets.listBuckets;
  if (grantsByAcl(call)) throw aclNotSupported();
  const operation = call.key === "" ? onBucket(method, call.query) : onObject(method, call);
  if (operation === undefined) throw notImplemented("s3", `${method} ${call.request.url ?? "/"}`);
  return operation;
}

/**
 * Whether a write would give rights by an ACL. Buckets made since 2023 refuse all but the owner's full control.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
function grantsByAcl({ key, query, request: { method, headers } }: S3Call): boolean {
  if (key === "") return false;
  const acl = headers["x-amz-acl"];
  const granted = Object.keys(headers).some((name) => name.startsWith("x-amz-grant-"));
  return granted || (acl !== undefined && acl !== OWNERS) || (method === "PUT" && query.has("acl"));
}

const OWNERS = "bucket-owner-full-control";

function onBucket(method: string, query: URLSearchParams): Operation | undefined {
  const subject = buckets.bucketSubjects.find((name) => query.has(name));
  switch (method) {
    case "GET":
      if (subject !== undefined) return (call) => buckets.describeBucket(call, subject);
      if (query.has("versions")) return listVersions;
      return query.has("uploads") ? multipart.listMultipartUploads : listObjects;
    case "HEAD":
      return buckets.headBucket;
    case "PUT":
      return subject === undefined ? buckets.createBucket : undefined;
    case "DELETE":
      return subject === undefined ? buckets.deleteBucket : undefined;
    case "POST":
      return query.has("delete") ? objects.deleteObjects : undefined;
    default:
      return undefined;
  }
}

function onObject(method: string, { query, request }: S3Call): Operation | undefined {
  const copies = request.headers["x-amz-copy-source"] !== undefined;
  const inUpload = query.has("uploadId");
  if (["acl", "tagging", "retention", "legal-hold", "torrent"].some((name) => query.has(name)))
    return undefined;
  switch (method) {
    case "GET":
      if (query.has("attributes")) return objects.getObjectAttributes;
      return inUpload ? multipart.listParts : objects.getObject;
    case "HEAD":
      return objects.getObject;
    case "PUT":
      if (inUpload) return copies ? multipart.uploadPartCopy : multipart.uploadPart;
      return copies ? objects.copyObject : objects.putObject;
    case "DELETE":
      return inUpload ? multipart.abortMultipartUpload : objects.deleteObject;
    case "POST":
      if (query.has("uploads")) return multipart.createMultipartUpload;
      return inUpload ? multipart.completeMultipartUpload : undefined;
    default:
      return undefined;
  }
}
