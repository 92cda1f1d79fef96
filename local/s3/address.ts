import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../service.ts";
import { AwsError } from "../service.ts";
import type { ObjectStore } from "./store.ts";
import type { WriteConditions } from "./types.ts";

/** One request to S3, taken apart. */
export interface S3Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly store: ObjectStore;
  /** Empty for ListBuckets. */
  readonly bucket: string;
  /** Empty for calls on the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}

/**
 * The bucket and key of a path-style URL. The path is cut and decoded as it came, never normalised: `..`, `//` and
 * backslashes are ordinary parts of a key. Throws InvalidURI for escapes that are not UTF-8.
 */
export function addressOf(url: string): { bucket: string; key: string; query: URLSearchParams } {
  const mark = url.indexOf("?");
  const path = (mark < 0 ? url : url.slice(0, mark)).replace(/^\//, "");
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  const slash = path.indexOf("/");
  try {
    const bucket = decodeURIComponent(slash < 0 ? path : path.slice(0, slash));
    const key = slash < 0 ? "" : decodeURIComponent(path.slice(slash + 1));
    return { bucket, key, query };
  } catch {
    throw new AwsError("InvalidURI", "Couldn't parse the specified URI.", 400);
  }
}

/** The conditions that a write carries. Throws NotImplemented for those that S3 does not know either. */
export function writeConditions(request: IncomingMessage): WriteConditions {
  const ifNoneMatch = request.headers["if-none-match"];
  const ifMatch = request.headers["if-match"];
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw new AwsError(
      "NotImplemented",
      "A header you provided implies functionality that is not implemented",
      501,
    );
  }
  return { ifMatch, ifNoneMatch };
}

const keptHeaders =
  /^(content-type|content-language|content-disposition|cache-control|expires|x-amz-server-side-encryption|x-amz-meta-.+)$/;

/** The headers of a request that belong to the object and come back with it. */
export function objectHeaders(request: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = { "content-type": "binary/octet-stream" };
  for (const [name, value] of Object.entries(request.headers)) {
    if (keptHeaders.test(name) && value !== undefined) kept[name] = String(value);
  }
  const encodings = (request.headers["content-encoding"] ?? "").split(",").map((part) => part.trim());
  const encoding = encodings.filter((part) => part !== "" && part !== "aws-chunked").join(",");
  return encoding === "" ? kept : { ...kept, "content-encoding": encoding };
}
