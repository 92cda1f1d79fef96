import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { type Source, writeExactly } from "../disk/source.ts";
import { sha256 } from "../sha256.ts";
import { atOnce } from "./at-once.ts";
import type { PackRecord } from "./pack-record.ts";
import {
  memberBytes,
  planSpool,
  type SpooledBody,
  type SpoolMember,
  type SpoolPlan,
  spoolBody,
} from "./spool.ts";

/** An archive from which the next one takes what has not changed. */
export interface KeptArchive {
  readonly archive: Source;
  /** Where its offsets count from. */
  readonly base: number;
  readonly record: PackRecord;
}

/** A member whose object has not been written since it was packed, and where its header stood then. */
interface KeptMember {
  readonly position: number;
  readonly member: SpoolMember;
  readonly offset: number;
  readonly body: SpooledBody;
}

/** Neighbours are read together up to this many bytes; larger members alone, in pieces of it. */
const rangeBytes = 8 * 1024 * 1024;
const rangesAtOnce = 4;

/**
 * Copies into the spool file what is in the kept archive already: bodies of the same key, size and version. Each
 * is checked against its digest. Returns them in the plan's order; undefined is what has to be read anew.
 */
export async function spoolKept(
  file: FileHandle,
  plan: SpoolPlan,
  kept: KeptArchive,
): Promise<(SpooledBody | undefined)[]> {
  const bodies: (SpooledBody | undefined)[] = new Array(plan.members.length).fill(undefined);
  await atOnce(neighbours(unchanged(plan, kept.record)), rangesAtOnce, async (group, signal) => {
    const [first] = group;
    if (memberBytes(first.member) > rangeBytes) {
      const { position, member, body } = first;
      const copied = await spoolBody(file, member, async () => bodyFrom(kept, first), signal);
      if (copied.digest === body.digest) bodies[position] = body;
      return;
    }
    const bytes = await copyTogether(file, group, kept);
    for (const { position, member, offset, body } of group) {
      const start = offset - first.offset + member.header.length;
      const content = bytes.subarray(start, start + member.object.size);
      if (sha256(content) === body.digest) bodies[position] = body;
    }
  });
  return bodies;
}

function unchanged(plan: SpoolPlan, record: PackRecord): KeptMember[] {
  const positions = new Map(plan.members.map(({ object }, position) => [object.key, position]));
  const before = planSpool(record.objects);
  return before.members.flatMap(({ object, offset }) => {
    const position = positions.get(object.key);
    const member = position === undefined ? undefined : plan.members[position];
    if (position === undefined || member === undefined) return [];
    const { size, version } = member.object;
    if (version === undefined || version !== object.version || size !== object.size) return [];
    const { digest, cacheControl } = object;
    return [{ position, member, offset, body: { digest, cacheControl } }];
  });
}

/** Members that follow each other in both archives, in groups that can be read at once. */
function neighbours(members: readonly KeptMember[]): [KeptMember, ...KeptMember[]][] {
  const groups: [KeptMember, ...KeptMember[]][] = [];
  let bytes = 0;
  let end: KeptMember | undefined;
  for (const member of members) {
    const length = memberBytes(member.member);
    const follows =
      end !== undefined &&
      member.position === end.position + 1 &&
      member.offset === end.offset + memberBytes(end.member);
    const group = groups.at(-1);
    if (group !== undefined && follows && bytes + length <= rangeBytes) {
      group.push(member);
      bytes += length;
    } else {
      groups.push([member]);
      bytes = length;
    }
    end = member;
  }
  return groups;
}

/** Headers and padding are written anew: only bodies have digests. */
async function copyTogether(
  file: FileHandle,
  group: readonly [KeptMember, ...KeptMember[]],
  { archive, base }: KeptArchive,
): Promise<Buffer> {
  const start = group[0].offset;
  const length = group.reduce((sum, { member }) => sum + memberBytes(member), 0);
  const bytes = await archive.read(base + start, length);
  for (const { member, offset } of group) {
    member.header.copy(bytes, offset - start);
    bytes.fill(
      0,
      offset - start + member.header.length + member.object.size,
      offset - start + memberBytes(member),
    );
  }
  await writeExactly(file, bytes, group[0].member.offset);
  return bytes;
}

function bodyFrom({ archive, base }: KeptArchive, { member, offset, body }: KeptMember) {
  const start = base + offset + member.header.length;
  const { size } = member.object;
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < size; at += rangeBytes) {
      yield await archive.read(start + at, Math.min(rangeBytes, size - at));
    }
  }
  return { body: Readable.from(pieces(), { objectMode: false }), cacheControl: body.cacheControl };
}
