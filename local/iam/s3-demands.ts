import { addressOf } from "../s3/address.ts";
import { unescapeXml } from "../wire/xml.ts";
import type { Context } from "./conditions.ts";
import type { ApiCall } from "./demands.ts";
import { demand } from "./demands.ts";
import type { Question } from "./evaluate.ts";

/**
 * The permissions of S3's calls.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 * DeleteObjects is refused whole when one key may not be deleted, where AWS would delete the others.
 */
export function s3Demands(call: ApiCall): readonly Question[] | undefined {
  const { bucket, key, query } = addressOf(call.url);
  if (bucket === "") return call.method === "GET" ? [demand("s3:ListAllMyBuckets", "*")] : undefined;
  const arn = `arn:aws:s3:::${bucket}`;
  if (key === "") return onBucket(call, arn, query);
  const actions = onObject(call, query);
  if (actions === undefined) return undefined;
  return [...actions.map((action) => demand(`s3:${action}`, `${arn}/${key}`)), ...copySource(call)];
}

const subjects: Readonly<Record<string, string>> = {
  acl: "GetBucketAcl",
  location: "GetBucketLocation",
  versioning: "GetBucketVersioning",
  uploads: "ListBucketMultipartUploads",
};

function onBucket(call: ApiCall, arn: string, query: URLSearchParams): Question[] | undefined {
  if (call.method === "HEAD") return [demand("s3:ListBucket", arn)];
  if (call.method === "POST" && query.has("delete") && call.body !== undefined) {
    const keys = [...call.body.toString("utf8").matchAll(/<Key>([\s\S]*?)<\/Key>/g)];
    return keys.map(([, key = ""]) => demand("s3:DeleteObject", `${arn}/${unescapeXml(key)}`));
  }
  if (call.method !== "GET") return undefined;
  const names = [...query.keys()];
  const subject = names.find((name) => Object.hasOwn(subjects, name));
  if (subject !== undefined) return [demand(`s3:${subjects[subject]}`, arn)];
  const listing = ["list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after"];
  const known = [...listing, "encoding-type", "fetch-owner", "marker", "x-id"];
  if (!names.every((name) => known.includes(name))) return undefined;
  return [demand("s3:ListBucket", arn, listingKeys(query))];
}

function listingKeys(query: URLSearchParams): Context {
  const keys = ["prefix", "delimiter", "max-keys"].map((name) => [`s3:${name}`, query.getAll(name)] as const);
  return Object.fromEntries(keys.filter(([, values]) => values.length > 0));
}

function onObject({ method, headers }: ApiCall, query: URLSearchParams): string[] | undefined {
  const strange = ["acl", "tagging", "retention", "legal-hold", "torrent", "restore", "select"];
  const granting = ["x-amz-acl", "x-amz-tagging", "x-amz-object-lock-mode"];
  if (strange.some((name) => query.has(name)) || granting.some((name) => headers[name] !== undefined))
    return undefined;
  const version = query.has("versionId") ? "Version" : "";
  const inUpload = query.has("uploadId");
  // A condition on an ETag tells something about the object, so that it asks for GetObject as well.
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html
  const compares = headers["if-match"] !== undefined && headers["if-match"] !== "*";
  const guarded = (action: string): string[] => (compares ? [action, "GetObject"] : [action]);
  switch (method) {
    case "GET":
      if (inUpload) return ["ListMultipartUploadParts"];
      if (query.has("attributes")) return [`GetObject${version}`, `GetObject${version}Attributes`];
      return [`GetObject${version}`];
    case "HEAD":
      return [`GetObject${version}`];
    case "PUT":
      return guarded("PutObject");
    case "POST":
      return query.has("uploads") || inUpload ? guarded("PutObject") : undefined;
    case "DELETE":
      return inUpload ? ["AbortMultipartUpload"] : guarded(`DeleteObject${version}`);
    default:
      return undefined;
  }
}

function copySource({ headers }: ApiCall): Question[] {
  const source = headers["x-amz-copy-source"];
  if (source === undefined) return [];
  const { bucket, key, query } = addressOf(`/${String(source).replace(/^\//, "")}`);
  const action = query.has("versionId") ? "s3:GetObjectVersion" : "s3:GetObject";
  return [demand(action, `arn:aws:s3:::${bucket}/${key}`)];
}
