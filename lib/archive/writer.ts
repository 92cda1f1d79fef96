import { createHash } from "node:crypto";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { checkRange, readExactly, type Source } from "../disk/source.ts";
import { contentType } from "../site/media-type.ts";
import { urlPaths } from "../site/paths.ts";
import { encodeEntries, type IndexEntry } from "./entries.ts";
import { type PackObject, planSpool, type SpoolPlan, spoolBodies } from "./spool.ts";
import { memberHeader, padding, recordBytes } from "./tar.ts";

export interface PackOptions {
  /** In any order; keys as `checkListing` lets them through. */
  readonly objects: Iterable<PackObject> | AsyncIterable<PackObject>;
  /** File for the bodies, about as large as the site; overwritten. The caller removes it after `close`. */
  readonly spoolPath: string;
  /** Objects read at the same time. Default 16. */
  readonly concurrency?: number;
}

/** A packed site: its index in memory, its bodies in the spool file. */
export interface PackedSite extends Source {
  /** The archive digest: SHA-256 of all bytes, lower-case hex. */
  readonly digest: string;
  /** Bytes of the archive; the same as `size`. */
  readonly bytes: number;
  /** Objects packed. */
  readonly files: number;
  /** Bytes of all objects' bodies. */
  readonly contentBytes: number;
  /** The whole archive; may be opened more than once. */
  open(): Readable;
  /** Closes the spool file, after which nothing can be read. */
  close(): Promise<void>;
}

const pieceBytes = 1024 * 1024;

/**
 * Packs objects into a site archive (docs/archive.md). Memory stays flat in the size of the site: it holds the
 * index and, for each object in flight, less than a MiB. Throws ObjectChanged when a body is not as long as its
 * size said, SpoolFull when the spool file's disk is, and whatever `open` throws; the spool is closed then.
 */
export async function packSite(options: PackOptions): Promise<PackedSite> {
  const plan = planSpool(await collect(options.objects));
  const file = await openFile(options.spoolPath, "w+");
  try {
    const digests = await spoolBodies(file, plan, options.concurrency ?? 16);
    const head = encodeIndex(plan, digests);
    const digest = await digestArchive(head, file, plan.bytes);
    return packedSite(head, file, plan, digest);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function collect<T>(items: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The index member: header, text and padding. */
function encodeIndex(plan: SpoolPlan, digests: readonly string[]): Buffer {
  const entries = plan.members.flatMap(({ object, bodyOffset }, i) =>
    urlPaths(object.key).map(({ kind, path, status, location }): IndexEntry => {
      if (location !== undefined) {
        return { kind, path, status, size: 0, offset: 0, headers: [["Location", location]] };
      }
      const etag = `"${digests[i]?.slice(0, 32)}"`;
      const type = contentType(object.key);
      return { kind, path, status, size: object.size, offset: bodyOffset, etag, type, headers: [] };
    }),
  );
  const text = encodeEntries(entries, (length) => recordBytes + length + padding(length));
  return Buffer.concat([memberHeader("index", text.length), text, Buffer.alloc(padding(text.length))]);
}

/**
 * The index stands first and names the bodies' digests, so the archive's own digest needs a second pass over
 * the spool; one piece is read while the other is hashed.
 */
async function digestArchive(head: Buffer, spool: FileHandle, spoolBytes: number): Promise<string> {
  const hash = createHash("sha256").update(head);
  const buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)] as const;
  const piece = async (index: number): Promise<Buffer> => {
    const offset = index * pieceBytes;
    const target = buffers[index % 2 === 0 ? 0 : 1].subarray(0, Math.max(0, spoolBytes - offset));
    await readExactly(spool, target, offset);
    return target;
  };
  let next = piece(0);
  for (let index = 0; index * pieceBytes < spoolBytes; index += 1) {
    const current = await next;
    next = piece(index + 1);
    hash.update(current);
  }
  await next;
  return hash.digest("hex");
}

function packedSite(head: Buffer, spool: FileHandle, plan: SpoolPlan, digest: string): PackedSite {
  const size = head.length + plan.bytes;
  const read = async (offset: number, length: number): Promise<Buffer> => {
    checkRange("The archive", offset, length, size);
    const buffer = Buffer.allocUnsafe(length);
    const fromHead = offset < head.length ? head.copy(buffer, 0, offset, offset + length) : 0;
    await readExactly(spool, buffer.subarray(fromHead), offset + fromHead - head.length);
    return buffer;
  };
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < size; at += pieceBytes) yield await read(at, Math.min(pieceBytes, size - at));
  }
  return {
    digest,
    bytes: size,
    size,
    files: plan.members.length,
    contentBytes: plan.contentBytes,
    read,
    open: () => Readable.from(pieces(), { objectMode: false }),
    close: () => spool.close(),
  };
}
