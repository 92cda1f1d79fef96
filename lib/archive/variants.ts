import { promisify } from "node:util";
import { brotliCompress, constants, gzip, zstdCompress } from "node:zlib";
import type { Coding } from "./site-index.ts";

/** Bytes in a content coding. */
export interface Encoded {
  readonly coding: Exclude<Coding, "identity">;
  readonly bytes: Buffer;
}

/** Larger bodies are sent as they are: compressing them takes longer than a deployment may. */
const largestEncoded = 16 * 1024 * 1024;
/** Smaller bodies fit the first packet with their head, whatever their coding. */
const smallestEncoded = 256;

/** A form that saves less is not worth its place. */
const worthBytes = 64;
const worthShare = 0.95;

/** Types whose bytes are compressed already say so by not being here. */
const compressible =
  /^text\/|[+/](?:json|xml|javascript|wasm|vnd\.ms-fontobject)(?:;|$)|^(?:font\/(?:ttf|otf|collection)|image\/(?:bmp|x-icon)|application\/(?:rtf|x-tar))/;

/** Whether a body of this type and size may have encoded forms. */
export function isCompressible(type: string, size: number): boolean {
  return size >= smallestEncoded && size <= largestEncoded && compressible.test(type);
}

/**
 * The encoded forms of a body that save bytes; zlib's threads do the work.
 * Equal bytes give equal forms with one release of Node.
 */
export async function encodedForms(body: Buffer): Promise<Encoded[]> {
  const [brotli, zstandard, zipped] = await Promise.all([
    promisify(brotliCompress)(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: body.length <= 1024 * 1024 ? 11 : 9,
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      },
    }),
    // The size told beforehand makes its tables fit the body: 1 ms instead of 300 for a small one.
    promisify(zstdCompress)(body, {
      pledgedSrcSize: body.length,
      params: { [constants.ZSTD_c_compressionLevel]: 19 },
    }),
    promisify(gzip)(body, { level: 9 }),
  ]);
  const forms: Encoded[] = [
    { coding: "br", bytes: brotli },
    { coding: "gzip", bytes: zipped },
    { coding: "zstd", bytes: zstandard },
  ];
  return forms.filter(
    ({ bytes }) => bytes.length + worthBytes < body.length && bytes.length < body.length * worthShare,
  );
}
