import { createHash } from "node:crypto";
import { archiveDigest } from "../../lib/archive/archive-digest.ts";
import { type Member, membersOf } from "../../lib/archive/members.ts";
import type { EncodedCoding } from "../../lib/archive/pack-record.ts";
import { type ArchiveIndex, readIndex } from "../../lib/archive/reader.ts";
import { isEtagOf, isRedirect } from "../../lib/archive/site-index.ts";
import { decoded, encodedCodings, largestEncoded } from "../../lib/archive/variants.ts";
import { readAhead } from "../../lib/disk/read-ahead.ts";
import type { Source } from "../../lib/disk/source.ts";
import { sha256 } from "../../lib/sha256.ts";
import { compareBytes, keyProblem } from "../../lib/site/keys.ts";
import { showKey } from "../../lib/site/show.ts";

/** What was found in an archive. */
export interface Verified {
  /** The archive digest. */
  readonly digest: string;
  readonly members: number;
  readonly paths: number;
  /** What is wrong, a sentence each. */
  readonly problems: readonly string[];
}

const pieceBytes = 1024 * 1024;

interface Body {
  readonly name: string;
  readonly size: number;
  readonly digest: string;
}

/**
 * Checks all of an archive: every index line, header and padding; each form's place, size and entity tag against
 * the member that is there; that each encoded form stands for its file's bytes; and the order of the members.
 * Throws BadArchive where it cannot be read on.
 */
export async function verifyArchive(source: Source, expected: string | undefined): Promise<Verified> {
  const problems: string[] = [];
  const archive = readAhead(source);
  const index = await readIndex(archive);
  const bodies = await readBodies(archive, problems);
  problems.push(...formProblems(index, bodies));
  const digest = archiveDigest(bodies.values());
  if (expected !== undefined && digest !== expected && !(await hasOldDigest(archive, expected))) {
    problems.push(`Its digest is ${digest}, it is named ${expected}.`);
  }
  return { digest, members: bodies.size, paths: index.entries.length, problems };
}

/** Older archives are named after the SHA-256 of all their bytes. */
async function hasOldDigest(archive: Source, expected: string): Promise<boolean> {
  return (await digestRange(archive, 0, archive.size)) === expected;
}

/** Every member's body, by its offset. */
async function readBodies(archive: Source, problems: string[]): Promise<Map<number, Body>> {
  const bodies = new Map<number, Body>();
  const files = new Map<string, Body>();
  let before = "";
  for await (const member of membersOf(archive)) {
    const { name, size, bodyOffset } = member;
    const digest = await digestRange(archive, bodyOffset, size);
    const body = { name, size, digest };
    if (member.offset === 0) {
      bodies.set(bodyOffset, body);
      continue;
    }
    const [, folder = "", key = ""] = /^(\w+)\/(.+)$/s.exec(name) ?? [];
    const rank = `${folder === "site" ? 0 : 1}${key}\0${folder}`;
    if (compareBytes(before, rank) >= 0) problems.push(`The member ${showKey(name)} stands out of order.`);
    before = rank;
    const problem = keyProblem(key);
    if (problem !== undefined) problems.push(`The member ${showKey(name)} ${problem}.`);
    if (folder === "site") files.set(key, body);
    else problems.push(...(await encodedProblems(archive, member, folder, files.get(key))));
    bodies.set(bodyOffset, body);
  }
  return bodies;
}

async function encodedProblems(
  archive: Source,
  { name, size, bodyOffset }: Member,
  folder: string,
  file: Body | undefined,
): Promise<string[]> {
  const coding = encodedCodings.find((one): one is EncodedCoding => one === folder);
  if (coding === undefined || file === undefined)
    return [`The member ${showKey(name)} does not belong here.`];
  if (size > largestEncoded || file.size > largestEncoded)
    return [`The member ${showKey(name)} is too large.`];
  const body = await decoded(coding, await archive.read(bodyOffset, size), file.size);
  const same = body !== undefined && sha256(body) === file.digest;
  return same ? [] : [`The member ${showKey(name)} does not stand for the bytes of ${showKey(file.name)}.`];
}

function formProblems(index: ArchiveIndex, bodies: ReadonlyMap<number, Body>): string[] {
  return [...index.fallbacks, ...index.entries].flatMap((entry) => {
    if (isRedirect(entry)) return [];
    return entry.representations.flatMap(({ coding, size, offset, etag }) => {
      const body = bodies.get(index.base + offset);
      const what = `The ${coding} form of ${showKey(entry.path)}`;
      const folder = coding === "identity" ? "site/" : `${coding}/`;
      if (body?.name.startsWith(folder) !== true) return [`${what} is at no member ${folder}….`];
      if (body.size !== size) return [`${what} has ${body.size} bytes, the index says ${size}.`];
      return isEtagOf(body.digest, etag) ? [] : [`${what} has other bytes than its entity tag says.`];
    });
  });
}

async function digestRange(archive: Source, start: number, size: number): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += pieceBytes) {
    hash.update(await archive.read(start + at, Math.min(pieceBytes, size - at)));
  }
  return hash.digest("hex");
}
