import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";

/** Stands in for node:zlib: the same, but for what it would do in threads of its own. */
export * from "node:zlib";

type Done = (error: null, result: Buffer) => void;
type Compress<O> = (body: Buffer, options?: O) => Buffer;

const atOnce =
  <O>(compress: Compress<O>) =>
  (body: Buffer, options: O, done: Done): void =>
    queueMicrotask(() => done(null, compress(body, options)));

export const brotliCompress = atOnce(brotliCompressSync);
export const gzip = atOnce(gzipSync);
export const zstdCompress = atOnce(zstdCompressSync);
