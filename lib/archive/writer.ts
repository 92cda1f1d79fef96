import { open as openFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { type Source, writeExactly } from "../disk/source.ts";
import { sha256 } from "../sha256.ts";
import { planSite, type SitePlan } from "../site/plan.ts";
import { archiveDigest } from "./archive-digest.ts";
import { indexMember, siteIndex } from "./index-member.ts";
import { Kept, type KeptArchive, type KeptRun, KeptUnusable } from "./kept.ts";
import type { PackRecord } from "./pack-record.ts";
import { archiveReader, type Read, spoolReader } from "./packed-reader.ts";
import type { SiteIndex } from "./site-index.ts";
import {
  type PackObject,
  planSpool,
  type SpooledBody,
  type SpoolMember,
  type SpoolPlan,
  spoolBodies,
  spooling,
} from "./spool.ts";
import { effortOf, type SpooledVariants, spoolVariants } from "./spool-variants.ts";
import { tarEnd } from "./tar.ts";
import { encoderName } from "./variants.ts";

export interface PackOptions {
  /** In any order; keys as `checkListing` lets them through. */
  readonly objects: Iterable<PackObject> | AsyncIterable<PackObject>;
  /** Where they answer; default: as the keys alone decide. */
  readonly plan?: SitePlan;
  /** The index of the archive before: what has the same bytes at the same path keeps its Last-Modified. */
  readonly previous?: Pick<SiteIndex, "entries"> | undefined;
  /** That archive with its record: what has not changed stays in it. The result is the same without. */
  readonly kept?: KeptArchive | undefined;
  /** File for the bodies, about as large as the site; overwritten. The caller removes it after `close`. */
  readonly spoolPath: string;
  /** Objects read at the same time. Default 32. */
  readonly concurrency?: number;
}

/** A packed site: its index in memory, its bodies in the spool file and, as far as they have not changed, in the kept archive. */
export interface PackedSite extends Source {
  /** The archive digest (archive-digest.ts). */
  readonly digest: string;
  /** Bytes of the archive; the same as `size`. */
  readonly bytes: number;
  /** Objects packed. */
  readonly files: number;
  /** Bytes of all objects' bodies. */
  readonly contentBytes: number;
  /** For the next archive's `kept`. */
  readonly record: PackRecord;
  /** What of it stands in the kept archive; offsets count from the starts of the two. */
  readonly keptRuns: readonly KeptRun[];
  /** The whole archive; may be opened more than once. */
  open(): Readable;
  /** Closes the spool file, after which nothing can be read. */
  close(): Promise<void>;
}

/**
 * Packs objects into a site archive (docs/archive.md). Memory stays flat in the size of the site: it holds the
 * index, for each object in flight less than a MiB, and 16 MiB of bodies that are being compressed. Throws
 * ObjectChanged when a body is not as long as its size said, SpoolFull when the spool file's disk is, KeptUnusable
 * when `kept` is not what its record says, and whatever `open` throws; the spool is closed then.
 */
export async function packSite(options: PackOptions): Promise<PackedSite> {
  const spool = planSpool(await collect(options.objects));
  const plan = options.plan ?? planSite(spool.members.map(({ object }) => object.key));
  const file = await openFile(options.spoolPath, "w+");
  try {
    return await spooling(spool.bytes, async () => {
      await file.truncate(spool.bytes);
      const effort = effortOf(spool.members);
      const encoder = encoderName(effort);
      const record = options.kept?.record;
      const kept = record && new Kept(record, encoder);
      const there = kept?.unchangedBodies(spool) ?? [];
      const bodies = await spoolBodies(file, spool, there, options.concurrency ?? 32);
      kept?.noteMembers(spool, bodies);
      const read = spoolReader(file, kept, options.kept);
      const bodyAt = bodyReader(spool, bodies, read);
      const { members } = spool;
      const variants = await spoolVariants(file, {
        members,
        bodies,
        start: spool.bytes,
        effort,
        kept,
        bodyAt,
      });
      await writeExactly(file, tarEnd, variants.end);
      const index = indexMember(siteIndex(plan, spool, bodies, variants, options.previous));
      const size = index.bytes.length + variants.end + tarEnd.length;
      return {
        digest: digestOf(index.digest, spool, bodies, variants),
        ...{ bytes: size, size, files: members.length, contentBytes: spool.contentBytes },
        record: { version: 1, encoder, objects: packedObjects(spool, bodies, variants) },
        keptRuns: runsFromStart(kept, index.bytes.length, options.kept?.base ?? 0),
        ...archiveReader(index.bytes, read, size),
        close: () => file.close(),
      };
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

function packedObjects(
  { members }: SpoolPlan,
  bodies: readonly SpooledBody[],
  { forms }: SpooledVariants,
): PackRecord["objects"] {
  return members.map(({ object: { key, size, version } }, i) => {
    const { digest = "", cacheControl } = bodies[i] ?? {};
    return { key, size, digest, version, cacheControl, ...forms[i] };
  });
}

function digestOf(
  index: string,
  { members }: SpoolPlan,
  bodies: readonly SpooledBody[],
  variants: SpooledVariants,
): string {
  const files = members.map(({ object }, i) => ({
    name: `site/${object.key}`,
    digest: bodies[i]?.digest ?? "",
  }));
  return archiveDigest([{ name: "index", digest: index }, ...files, ...variants.members]);
}

function runsFromStart(kept: Kept | undefined, headBytes: number, keptBase: number): KeptRun[] {
  return (kept?.runs ?? []).map(({ offset, keptOffset, length }) => ({
    offset: headBytes + offset,
    keptOffset: keptBase + keptOffset,
    length,
  }));
}

/** Reads objects' bodies. Throws KeptUnusable for one of the kept archive that has other bytes than it should. */
function bodyReader({ members }: SpoolPlan, bodies: readonly SpooledBody[], read: Read) {
  return async (position: number): Promise<Buffer> => {
    const { object, bodyOffset } = members[position] as SpoolMember;
    const body = await read(bodyOffset, object.size);
    if (sha256(body) !== bodies[position]?.digest) throw new KeptUnusable("it is damaged");
    return body;
  };
}
