import type { Readable } from "node:stream";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { sha256 } from "../sha256.ts";
import { encodePath } from "../site/url.ts";
import { s3 } from "./s3-client.ts";

/** A body that is being read, with the Cache-Control that its author gave it. */
export interface OpenedObject {
  readonly body: Readable;
  readonly cacheControl: string | undefined;
}

/** Of a body without bytes. */
const nothing = sha256("");

/** Where a bucket's objects are: what every request has in common. */
interface Place {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  /** What stands before the key. */
  readonly prefix: string;
}

/**
 * Opens objects of a bucket, each in just the version that is named. Throws what GetObject of the SDK does
 * (PreconditionFailed, NoSuchKey, …).
 *
 * Of tens of thousands of small objects the client's own work would be most of what packing costs (docs/decisions.md):
 * here its signer and its connections are used without the rest. The first request goes the client's way and tells
 * where the bucket is; so does once more what is not answered with 200: the client tries again and knows all errors.
 */
export function objectOpener(Bucket: string): (key: string, etag: string) => Promise<OpenedObject> {
  let place: Place | undefined;
  let signer: Signer | undefined;
  const ordinary = async (Key: string, IfMatch: string): Promise<OpenedObject> => {
    const command = new GetObjectCommand({ Bucket, Key, IfMatch });
    command.middlewareStack.add(
      (next) => (args) => {
        place = placeOf(args.request as Addressed, Key);
        return next(args);
      },
      { step: "finalizeRequest", priority: "low", name: "noteWhereTheBucketIs" },
    );
    const { Body, CacheControl } = await s3().send(command);
    return { body: Body as Readable, cacheControl: CacheControl };
  };
  return async (key, etag) => {
    // It asks for the credentials each time: those of a function may be renewed meanwhile.
    signer ??= await s3().config.signer();
    const opened = place && (await openAt(place, signer, key, etag).catch(() => undefined));
    return opened ?? ordinary(key, etag);
  };
}

type Signer = Awaited<ReturnType<ReturnType<typeof s3>["config"]["signer"]>>;

interface Addressed {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
}

function placeOf({ protocol, hostname, port, path }: Addressed, key: string): Place | undefined {
  const suffix = encoded(key);
  if (!path.endsWith(`/${suffix}`)) return undefined;
  return { protocol, hostname, port, prefix: path.slice(0, -suffix.length) };
}

/** A key as it stands in a URL. */
function encoded(key: string): string {
  return encodePath(key).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Opens an object without the client; undefined when the answer is another one than 200. */
async function openAt(
  place: Place,
  signer: Signer,
  key: string,
  etag: string,
): Promise<OpenedObject | undefined> {
  const { protocol, hostname, port, prefix } = place;
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const headers = { host, "if-match": etag, "x-amz-content-sha256": nothing };
  const address = {
    protocol,
    hostname,
    ...(port !== undefined && { port }),
    path: prefix + encoded(key),
    query: {},
  };
  const signed = await signer.sign({ method: "GET", ...address, headers });
  const { response } = await s3().config.requestHandler.handle(signed as never);
  const body = response.body as Readable;
  if (response.statusCode === 200) return { body, cacheControl: response.headers["cache-control"] };
  // Read to its end, the connection serves the next request.
  body.resume();
  return undefined;
}
