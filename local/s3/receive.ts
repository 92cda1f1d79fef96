import type { Hash } from "node:crypto";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { ChunkedDecoder } from "./chunked.ts";
import type { ContentFiles } from "./content.ts";
import { badDigest, entityTooLarge, incompleteBody } from "./errors.ts";
import type { Checksum } from "./types.ts";

/** A body that lies in a content file now. */
export interface Received {
  readonly file: string;
  readonly size: number;
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

const maximumPutBytes = 5 * 1024 ** 3;

/**
 * Streams a request's body into a fresh content file, hashing as it goes; memory does not grow with the body.
 * Throws IncompleteBody, BadDigest and EntityTooLarge, and leaves no file then.
 */
export async function receiveBody(request: IncomingMessage, content: ContentFiles): Promise<Received> {
  const file = content.fresh();
  const decoder = isChunked(request) ? new ChunkedDecoder() : undefined;
  const meter = new Meter(checksumName(request));
  try {
    const sink = createWriteStream(content.path(file));
    if (decoder === undefined) await pipeline(request, meter, sink);
    else await pipeline(request, decoder, meter, sink);
    const expected =
      request.headers[decoder === undefined ? "content-length" : "x-amz-decoded-content-length"];
    if (expected !== undefined && Number(expected) !== meter.size) throw incompleteBody();
    const md5 = meter.md5.digest();
    const given = request.headers["content-md5"];
    if (given !== undefined && given !== md5.toString("base64")) throw badDigest("Content-MD5");
    return { file, size: meter.size, md5: md5.toString("hex"), checksum: checkSum(request, decoder, meter) };
  } catch (error) {
    content.remove(file);
    throw (error as NodeJS.ErrnoException).code === "ERR_STREAM_PREMATURE_CLOSE" ? incompleteBody() : error;
  }
}

/** Counts and hashes what passes through. */
class Meter extends Transform {
  size = 0;
  readonly md5 = createHash("md5");
  private readonly algorithm: string | undefined;
  private readonly hash: Hash | undefined;
  private crc = 0;

  constructor(algorithm: string | undefined) {
    super();
    this.algorithm = algorithm;
    this.hash = algorithm === "sha1" || algorithm === "sha256" ? createHash(algorithm) : undefined;
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error: Error | null, out?: Buffer) => void,
  ) {
    this.size += chunk.length;
    this.md5.update(chunk);
    this.hash?.update(chunk);
    if (this.algorithm === "crc32") this.crc = crc32(chunk, this.crc);
    done(this.size > maximumPutBytes ? entityTooLarge() : null, chunk);
  }

  /** The checksum in base64; undefined for an algorithm that is not verified here (crc32c, crc64nvme). */
  digest(): string | undefined {
    if (this.hash !== undefined) return this.hash.digest("base64");
    if (this.algorithm !== "crc32") return undefined;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.crc >>> 0);
    return bytes.toString("base64");
  }
}

const checksumHeader = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/;

function isChunked(request: IncomingMessage): boolean {
  return (
    (request.headers["content-encoding"] ?? "").includes("aws-chunked") ||
    String(request.headers["x-amz-content-sha256"] ?? "").startsWith("STREAMING-")
  );
}

function checksumName(request: IncomingMessage): string | undefined {
  const trailers = String(request.headers["x-amz-trailer"] ?? "").split(",");
  const names = [...Object.keys(request.headers), ...trailers.map((name) => name.trim().toLowerCase())];
  return names.map((name) => checksumHeader.exec(name)?.[1]).find((name) => name !== undefined);
}

function checkSum(
  request: IncomingMessage,
  decoder: ChunkedDecoder | undefined,
  meter: Meter,
): Checksum | undefined {
  const algorithm = checksumName(request);
  if (algorithm === undefined) return undefined;
  const header = `x-amz-checksum-${algorithm}`;
  const given = decoder?.trailers.get(header) ?? request.headers[header];
  if (typeof given !== "string") return undefined;
  const computed = meter.digest();
  if (computed !== undefined && computed !== given) throw badDigest(header);
  return { algorithm, value: given };
}
