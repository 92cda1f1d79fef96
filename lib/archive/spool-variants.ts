import type { FileHandle } from "node:fs/promises";
import { readExactly, writeExactly } from "../disk/source.ts";
import { sha256 } from "../sha256.ts";
import { contentType } from "../site/media-type.ts";
import type { KeptForms } from "./kept-forms.ts";
import type { EncodedCoding, PackedObject } from "./pack-record.ts";
import { etagOfDigest, type Representation } from "./site-index.ts";
import type { SpooledBody, SpoolMember } from "./spool.ts";
import { memberHeader, padding } from "./tar.ts";
import {
  decoded,
  type Effort,
  effortFor,
  encode,
  encodedCodings,
  encoderName,
  isCompressible,
  isWorthIt,
  largestEncoded,
} from "./variants.ts";

/** Bodies that are in memory at the same time: so many, of so many bytes or only one. */
const mostAtOnce = 32;
const bytesAtOnce = largestEncoded;

/** What the members of encoded forms take of the spool file, and where each object's forms are. */
export interface SpooledVariants {
  /** End of the last member, in bytes. */
  readonly end: number;
  /** In the members' order. */
  readonly representations: readonly (readonly Representation[])[];
  /** Those that were made here, for the record. In the members' order. */
  readonly forms: readonly PackedObject["forms"][];
  readonly encoder: string;
}

/** A form, its bytes undefined where they would save too little; `made` by us or brought by the upload. */
interface Form {
  readonly coding: EncodedCoding;
  readonly bytes: Buffer | undefined;
  readonly made: boolean;
}

/** What an upload calls the encoded form of a file that it brings beside it. */
const suffixes = { br: ".br", gzip: ".gz", zstd: undefined } as const;

/**
 * Appends the encoded forms of the spooled bodies as members `<coding>/<key>`, in the order of the objects: the
 * upload's own, those of the archive before, or new ones. Holds a few bodies in memory, whatever the site.
 */
export async function spoolVariants(
  file: FileHandle,
  members: readonly SpoolMember[],
  bodies: readonly SpooledBody[],
  start: number,
  keptFor: (encoder: string) => KeptForms | undefined,
): Promise<SpooledVariants> {
  const work = members.map(({ object }) => isCompressible(contentType(object.key), object.size));
  const effort = effortFor(members.reduce((sum, { object }, i) => sum + (work[i] ? object.size : 0), 0));
  const encoder = encoderName(effort);
  const make = formMaker(file, members, bodies, work, effort, keptFor(encoder));
  const representations: Representation[][] = [];
  const forms: PackedObject["forms"][] = [];
  const waiting: Promise<readonly Form[]>[] = [];
  let held = 0;
  let next = 0;
  let end = start;
  for (const [i, { object }] of members.entries()) {
    while (next < members.length && waiting.length < mostAtOnce) {
      const weight = weightOf(members[next]);
      if (waiting.length > 0 && held + weight > bytesAtOnce) break;
      const made = make(next);
      // It is awaited below; until then its failure must not count as nobody's.
      made.catch(() => undefined);
      waiting.push(made);
      held += weight;
      next += 1;
    }
    const own: Representation[] = [];
    const recorded: NonNullable<PackedObject["forms"]> = {};
    for (const { coding, bytes, made } of (await waiting.shift()) ?? []) {
      if (made) recorded[coding] = null;
      if (bytes === undefined) continue;
      const header = memberHeader(`${coding}/${object.key}`, bytes.length);
      const padded = Buffer.concat([header, bytes, Buffer.alloc(padding(bytes.length))]);
      await writeExactly(file, padded, end);
      const offset = end + header.length;
      const digest = sha256(bytes);
      own.push({ coding, size: bytes.length, offset, etag: etagOfDigest(digest) });
      if (made) recorded[coding] = [bytes.length, offset, digest];
      end += padded.length;
    }
    held -= weightOf(members[i]);
    representations.push(own);
    forms.push(work[i] ? recorded : undefined);
  }
  return { end, representations, forms, encoder };
}

/** Bytes that the making of a member's forms holds; larger bodies have none and are never read. */
function weightOf(member: SpoolMember | undefined): number {
  const size = member?.object.size ?? 0;
  return size <= largestEncoded ? size : 0;
}

/** Makes the forms of the member at a position. */
function formMaker(
  file: FileHandle,
  members: readonly SpoolMember[],
  bodies: readonly SpooledBody[],
  work: readonly boolean[],
  effort: Effort,
  kept: KeptForms | undefined,
): (position: number) => Promise<readonly Form[]> {
  const positions = new Map(members.map(({ object }, i) => [object.key, i]));
  const bodyAt = async (position: number): Promise<Buffer> => {
    const { object, bodyOffset } = members[position] as SpoolMember;
    const body = Buffer.allocUnsafe(object.size);
    await readExactly(file, body, bodyOffset);
    return body;
  };
  const brought = async (position: number, coding: EncodedCoding): Promise<Buffer | undefined> => {
    const { key, size } = (members[position] as SpoolMember).object;
    const suffix = suffixes[coding];
    const beside = suffix === undefined ? undefined : positions.get(key + suffix);
    const encodedSize = beside === undefined ? 0 : (members[beside]?.object.size ?? 0);
    if (beside === undefined || size > largestEncoded || !isWorthIt(encodedSize, size)) return undefined;
    const form = await bodyAt(beside);
    const body = await decoded(coding, form, size);
    return body !== undefined && sha256(body) === bodies[position]?.digest ? form : undefined;
  };
  return async (position) => {
    // Asked for at once, so that what is kept is read in its own order.
    const digest = bodies[position]?.digest ?? "";
    const old = work[position] ? await kept?.read(digest) : undefined;
    let body: Promise<Buffer> | undefined;
    const forms = encodedCodings.map(async (coding): Promise<Form | undefined> => {
      const own = await brought(position, coding);
      if (own !== undefined) return { coding, bytes: own, made: false };
      if (!work[position]) return undefined;
      const before = old?.get(coding);
      if (before !== undefined) return { coding, bytes: before ?? undefined, made: true };
      body ??= bodyAt(position);
      return { coding, bytes: await encode(coding, await body, effort), made: true };
    });
    return (await Promise.all(forms)).filter((form) => form !== undefined);
  };
}
