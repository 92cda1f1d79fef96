import { promisify } from "node:util";
import {
  brotliCompress,
  brotliDecompress,
  constants,
  gunzip,
  gzip,
  type ZlibOptions,
  zstdCompress,
  zstdDecompress,
} from "node:zlib";
import type { EncodedCoding } from "./pack-record.ts";

/** Codings that are made, in the order of the index. */
export const encodedCodings = ["br", "gzip", "zstd"] as const satisfies readonly EncodedCoding[];

/** Larger bodies are sent as they are: compressing them takes longer than a deployment may. */
export const largestEncoded = 16 * 1024 * 1024;
/** Nothing much can be saved of smaller bodies. */
const smallestEncoded = 64;

/** A form that saves less is not worth its place: Content-Encoding and Vary take 45 bytes, Accept-Ranges 22 less. */
const worthBytes = 32;
const worthShare = 0.98;

/** Types whose bytes are compressed already say so by not being here. */
const compressible =
  /^text\/|[+/](?:json|xml|javascript|wasm|vnd\.ms-fontobject)(?:;|$)|^(?:font\/(?:ttf|otf|collection)|image\/(?:bmp|x-icon)|application\/(?:rtf|x-tar))/;

/** Whether forms are made of a body of this type and size. */
export function isCompressible(type: string, size: number): boolean {
  return size >= smallestEncoded && size <= largestEncoded && compressible.test(type);
}

/**
 * How hard the packer tries. One processor makes the forms of 0.8 MB a second with `best` and of 5 with `fast`,
 * which are a tenth larger (docs/decisions.md).
 */
export type Effort = "best" | "fast";

/** Of a site with more to compress `best` forms would take more than half of a function's 15 minutes. */
const mostBest = 256 * 1024 * 1024;

/** The effort for a site with this many bytes to compress. */
export function effortFor(compressibleBytes: number): Effort {
  return compressibleBytes <= mostBest ? "best" : "fast";
}

/** Largest body that brotli's highest quality is spent on: some five seconds. */
const largestBest = 4 * 1024 * 1024;

/** Names what decides the forms' bytes beside the body. Count up with every change of `encode`. */
export function encoderName(effort: Effort): string {
  const { brotli, zlib, zstd } = process.versions;
  return `1 ${effort} brotli ${brotli} zlib ${zlib} zstd ${zstd}`;
}

/**
 * A body in a coding; undefined when that saves too little. zlib's threads do the work. Equal bytes give equal
 * forms while `encoderName` is the same.
 */
export async function encode(
  coding: EncodedCoding,
  body: Buffer,
  effort: Effort,
): Promise<Buffer | undefined> {
  const form = await encoders[coding](body, effort);
  return isWorthIt(form.length, body.length) ? form : undefined;
}

/** Whether a form saves enough for its place in the archive. */
export function isWorthIt(encoded: number, size: number): boolean {
  return encoded + worthBytes < size && encoded < size * worthShare;
}

const encoders: Readonly<Record<EncodedCoding, (body: Buffer, effort: Effort) => Promise<Buffer>>> = {
  br: (body, effort) => {
    const quality = effort === "fast" ? 8 : body.length <= largestBest ? 11 : 9;
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
    };
    return promisify(brotliCompress)(body, { params });
  },
  gzip: (body) => promisify<Buffer, ZlibOptions, Buffer>(gzip)(body, { level: 9 }),
  // Who takes zstd takes brotli, whose form is smaller: more than this level would be spent on nobody. The size
  // told beforehand makes its tables fit the body: 1 ms instead of 300 for a small one.
  zstd: (body) => {
    const params = { [constants.ZSTD_c_compressionLevel]: 12 };
    return promisify(zstdCompress)(body, { pledgedSrcSize: body.length, params });
  },
};

/** What a form stands for; undefined when it is none, or of more than `size` bytes. */
export async function decoded(
  coding: EncodedCoding,
  form: Buffer,
  size: number,
): Promise<Buffer | undefined> {
  try {
    return await decoders[coding](form, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

const decoders: Readonly<
  Record<EncodedCoding, (form: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  br: promisify(brotliDecompress),
  gzip: promisify(gunzip),
  zstd: promisify(zstdDecompress),
};
