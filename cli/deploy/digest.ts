import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";

const MIB = 2 ** 20;
/** Files up to this size are read as a whole. */
export const WHOLE = 8 * MIB;
/** Part sizes that programs use: the AWS CLI and SDKs (8, 5), others (15, 16, …); more for what has many parts. */
const PART_SIZES = [8, 5, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 256, 512].map((size) => size * MIB);

/**
 * Whether a file has the bytes of an object of the same size, by the object's ETag: their MD5, or, of an upload in
 * parts, the MD5 of the parts' MD5s ("…-3"). Part sizes that nobody uses are not found: such an object counts as
 * another one. ETags are digests where S3 itself keeps the keys (SSE-S3), as the content bucket does.
 */
export async function hasBytesOf(path: string, size: number, etag: string): Promise<boolean> {
  const [, digest, parts] = /^"?([0-9a-f]{32})(?:-(\d+))?"?$/.exec(etag) ?? [];
  if (digest === undefined) return false;
  if (parts === undefined) return (await md5(path, size)) === digest;
  const sizes = PART_SIZES.filter((part) => Math.max(Math.ceil(size / part), 1) === Number(parts));
  for (const part of sizes) if ((await md5OfParts(path, size, part)) === digest) return true;
  return false;
}

async function md5(path: string, size: number): Promise<string> {
  const hash = createHash("md5");
  if (size <= WHOLE) return hash.update(await readFile(path)).digest("hex");
  for await (const chunk of createReadStream(path, { highWaterMark: MIB })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function md5OfParts(path: string, size: number, part: number): Promise<string> {
  const whole = createHash("md5");
  for (let start = 0; start < size; start += part) {
    const hash = createHash("md5");
    for await (const chunk of createReadStream(path, { start, end: start + part - 1, highWaterMark: MIB }))
      hash.update(chunk as Buffer);
    whole.update(hash.digest());
  }
  return whole.digest("hex");
}
