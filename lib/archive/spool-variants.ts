import type { FileHandle } from "node:fs/promises";
import { writeExactly } from "../disk/source.ts";
import { sha256 } from "../sha256.ts";
import { contentType } from "../site/media-type.ts";
import type { DigestedMember } from "./archive-digest.ts";
import type { Kept } from "./kept.ts";
import type { EncodedCoding, PackedForm, PackedObject } from "./pack-record.ts";
import { etagOfDigest, type Representation } from "./site-index.ts";
import type { SpooledBody, SpoolMember } from "./spool.ts";
import { memberHeader, padding } from "./tar.ts";
import {
  decoded,
  type Effort,
  effortFor,
  encode,
  encodedCodings,
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
  /** Those that were made and those that the upload brought, for the record. In the members' order. */
  readonly forms: readonly Pick<PackedObject, "forms" | "brought">[];
  /** The members, for the archive's digest. */
  readonly members: readonly DigestedMember[];
}

/** What spoolVariants works from. */
export interface VariantsInput {
  readonly members: readonly SpoolMember[];
  readonly bodies: readonly SpooledBody[];
  /** Where the first member goes. */
  readonly start: number;
  readonly effort: Effort;
  readonly kept: Kept | undefined;
  /** Reads an object's body. */
  bodyAt(position: number): Promise<Buffer>;
}

/**
 * A form: its bytes, where it stands in the kept archive, or neither where it would save too little. Made by us or
 * brought by the upload.
 */
interface Form {
  readonly coding: EncodedCoding;
  readonly bytes?: Buffer | undefined;
  readonly there?: PackedForm | undefined;
  readonly made: boolean;
}

/** What an upload calls the encoded form of a file that it brings beside it. */
const suffixes = { br: ".br", gzip: ".gz", zstd: undefined } as const;

/** How hard the packer tries, as the objects' types and sizes decide it. */
export function effortOf(members: readonly SpoolMember[]): Effort {
  const sizes = members.map(({ object }) => (hasForms(object) ? object.size : 0));
  return effortFor(sizes.reduce((sum, size) => sum + size, 0));
}

function hasForms({ key, size }: { readonly key: string; readonly size: number }): boolean {
  return isCompressible(contentType(key), size);
}

/**
 * Appends the encoded forms of the bodies as members `<coding>/<key>`, in the order of the objects: the upload's
 * own, those of the archive before, or new ones. What the kept archive has is noted there instead of written.
 * Holds a few bodies in memory, whatever the site.
 */
export async function spoolVariants(file: FileHandle, input: VariantsInput): Promise<SpooledVariants> {
  const { members, kept } = input;
  const make = formMaker(input);
  const representations: Representation[][] = [];
  const forms: Pick<PackedObject, "forms" | "brought">[] = [];
  const digested: DigestedMember[] = [];
  const waiting: Promise<readonly Form[]>[] = [];
  let held = 0;
  let next = 0;
  let end = input.start;
  /** Puts a form's member at the end and tells its size, the body's offset and digest. */
  const append = async (key: string, { coding, bytes, there }: Form) => {
    if (bytes === undefined && !there) return undefined;
    const [size, keptOffset, digest] = there ?? [bytes?.length ?? 0, 0, sha256(bytes ?? "")];
    const header = memberHeader(`${coding}/${key}`, size);
    const length = header.length + size + padding(size);
    if (bytes !== undefined) {
      await writeExactly(file, Buffer.concat([header, bytes, Buffer.alloc(padding(size))]), end);
    } else if (kept?.isOwn(key, coding, keptOffset)) {
      kept.note(end, keptOffset - header.length, length);
    } else {
      await writeExactly(file, header, end);
      kept?.note(end + header.length, keptOffset, length - header.length);
    }
    const offset = end + header.length;
    end += length;
    digested.push({ name: `${coding}/${key}`, digest });
    return [size, offset, digest] as [number, number, string];
  };
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
    const recorded: { forms?: PackedObject["forms"]; brought?: PackedObject["brought"] } = {};
    if (hasForms(object)) recorded.forms = {};
    for (const form of (await waiting.shift()) ?? []) {
      const { coding, made } = form;
      const placed = await append(object.key, form);
      if (made) recorded.forms = { ...recorded.forms, [coding]: placed ?? null };
      if (placed === undefined) continue;
      if (!made) recorded.brought = { ...recorded.brought, [coding]: placed };
      const [size, offset, digest] = placed;
      own.push({ coding, size, offset, etag: etagOfDigest(digest) });
    }
    held -= weightOf(members[i]);
    representations.push(own);
    forms.push(recorded);
  }
  return { end, representations, forms, members: digested };
}

/** Bytes that the making of a member's forms holds; larger bodies have none and are never read. */
function weightOf(member: SpoolMember | undefined): number {
  const size = member?.object.size ?? 0;
  return size <= largestEncoded ? size : 0;
}

/** Makes or finds the forms of the member at a position. */
function formMaker({ members, bodies, effort, kept, bodyAt }: VariantsInput) {
  const positions = new Map(members.map(({ object }, i) => [object.key, i]));
  const brought = async (position: number, coding: EncodedCoding): Promise<Form | undefined> => {
    const { key, size } = (members[position] as SpoolMember).object;
    const suffix = suffixes[coding];
    const beside = suffix === undefined ? undefined : positions.get(key + suffix);
    const encodedSize = beside === undefined ? 0 : (members[beside]?.object.size ?? 0);
    if (beside === undefined || size > largestEncoded || !isWorthIt(encodedSize, size)) return undefined;
    const digest = bodies[position]?.digest ?? "";
    const there = kept?.brought(key, digest, coding, bodies[beside]?.digest ?? "");
    if (there) return { coding, there, made: false };
    const bytes = await bodyAt(beside);
    const body = await decoded(coding, bytes, size);
    return body !== undefined && sha256(body) === digest ? { coding, bytes, made: false } : undefined;
  };
  return async (position: number): Promise<readonly Form[]> => {
    const { object } = members[position] as SpoolMember;
    const digest = bodies[position]?.digest ?? "";
    let body: Promise<Buffer> | undefined;
    const forms = encodedCodings.map(async (coding): Promise<Form | undefined> => {
      const own = await brought(position, coding);
      if (own !== undefined) return own;
      if (!hasForms(object)) return undefined;
      const there = kept?.made(digest, coding);
      if (there !== undefined) return { coding, there, made: true };
      body ??= bodyAt(position);
      return { coding, bytes: await encode(coding, await body, effort), made: true };
    });
    return (await Promise.all(forms)).filter((form) => form !== undefined);
  };
}
