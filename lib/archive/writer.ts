import { createHash } from "node:crypto";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { checkRange, readExactly, type Source, writeExactly } from "../disk/source.ts";
import { planSite, type SitePlan } from "../site/plan.ts";
import { indexMember, siteIndex } from "./index-member.ts";
import { keptForms } from "./kept-forms.ts";
import type { PackRecord } from "./pack-record.ts";
import type { SiteIndex } from "./site-index.ts";
import {
  type PackObject,
  planSpool,
  type SpooledBody,
  type SpoolPlan,
  spoolBodies,
  spooling,
} from "./spool.ts";
import { type KeptArchive, spoolKept } from "./spool-kept.ts";
import { type SpooledVariants, spoolVariants } from "./spool-variants.ts";
import { tarEnd } from "./tar.ts";

export interface PackOptions {
  /** In any order; keys as `checkListing` lets them through. */
  readonly objects: Iterable<PackObject> | AsyncIterable<PackObject>;
  /** Where they answer; default: as the keys alone decide. */
  readonly plan?: SitePlan;
  /** The index of the archive before: what has the same bytes at the same path keeps its Last-Modified. */
  readonly previous?: Pick<SiteIndex, "entries"> | undefined;
  /** That archive with its record: what has not changed is taken from it. The result is the same without. */
  readonly kept?: KeptArchive | undefined;
  /** File for the bodies, about as large as the site; overwritten. The caller removes it after `close`. */
  readonly spoolPath: string;
  /** Objects read at the same time. Default 32. */
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
  /** For the next archive's `kept`. */
  readonly record: PackRecord;
  /** The whole archive; may be opened more than once. */
  open(): Readable;
  /** Closes the spool file, after which nothing can be read. */
  close(): Promise<void>;
}

const pieceBytes = 1024 * 1024;

/**
 * Packs objects into a site archive (docs/archive.md). Memory stays flat in the size of the site: it holds the
 * index, for each object in flight less than a MiB, and 16 MiB of bodies that are being compressed. Throws
 * ObjectChanged when a body is not as long as its size said, SpoolFull when the spool file's disk is, and
 * whatever `open` throws; the spool is closed then.
 */
export async function packSite(options: PackOptions): Promise<PackedSite> {
  const spool = planSpool(await collect(options.objects));
  const plan = options.plan ?? planSite(spool.members.map(({ object }) => object.key));
  const file = await openFile(options.spoolPath, "w+");
  try {
    return await spooling(spool.bytes, async () => {
      const { kept } = options;
      await file.truncate(spool.bytes);
      const there = kept === undefined ? [] : await spoolKept(file, spool, kept);
      const bodies = await spoolBodies(file, spool, there, options.concurrency ?? 32);
      const variants = await spoolVariants(file, spool.members, bodies, spool.bytes, (encoder) =>
        kept === undefined ? undefined : keptForms(kept, encoder),
      );
      await writeExactly(file, tarEnd, variants.end);
      const head = indexMember(siteIndex(plan, spool, bodies, variants, options.previous));
      const bytes = variants.end + tarEnd.length;
      const digest = await digestArchive(head, file, bytes);
      return packedSite(head, file, spool, bytes, digest, packRecord(spool, bodies, variants));
    });
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

function packRecord(
  { members }: SpoolPlan,
  bodies: readonly SpooledBody[],
  { forms, encoder }: SpooledVariants,
): PackRecord {
  const objects = members.map(({ object: { key, size, version } }, i) => {
    const { digest = "", cacheControl } = bodies[i] ?? {};
    return { key, size, digest, version, cacheControl, forms: forms[i] };
  });
  return { version: 1, encoder, objects };
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

function packedSite(
  head: Buffer,
  spool: FileHandle,
  plan: SpoolPlan,
  spoolBytes: number,
  digest: string,
  record: PackRecord,
): PackedSite {
  const size = head.length + spoolBytes;
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
    record,
    read,
    open: () => Readable.from(pieces(), { objectMode: false }),
    close: () => spool.close(),
  };
}
