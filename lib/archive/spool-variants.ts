import type { FileHandle } from "node:fs/promises";
import { readExactly, writeExactly } from "../disk/source.ts";
import { contentType } from "../site/media-type.ts";
import { etagOf, type Representation } from "./site-index.ts";
import type { SpoolMember } from "./spool.ts";
import { memberHeader, padding } from "./tar.ts";
import { type Encoded, encodedForms, isCompressible } from "./variants.ts";

/** Bodies that are compressed at the same time: zlib's threads share them. */
const atOnce = 4;

/** What the members of encoded forms take of the spool file, and where each object's forms are. */
export interface SpooledVariants {
  /** End of the last member, in bytes. */
  readonly end: number;
  /** In the members' order. */
  readonly representations: readonly (readonly Representation[])[];
}

/**
 * Compresses the spooled bodies that it helps and appends the results as members `<coding>/<key>`, in the order
 * of the objects. Holds a few bodies in memory, never more than `atOnce`.
 */
export async function spoolVariants(
  file: FileHandle,
  members: readonly SpoolMember[],
  start: number,
): Promise<SpooledVariants> {
  const representations: Representation[][] = [];
  let end = start;
  const waiting: Promise<Encoded[]>[] = [];
  for (let i = 0; i < members.length; i += 1) {
    for (let next = i + waiting.length; next < Math.min(i + atOnce, members.length); next += 1) {
      const form = encode(file, members[next] as SpoolMember);
      // It is awaited below; until then its failure must not count as nobody's.
      form.catch(() => undefined);
      waiting.push(form);
    }
    const own: Representation[] = [];
    for (const { coding, bytes } of (await waiting.shift()) ?? []) {
      const header = memberHeader(`${coding}/${members[i]?.object.key}`, bytes.length);
      const padded = Buffer.concat([header, bytes, Buffer.alloc(padding(bytes.length))]);
      await writeExactly(file, padded, end);
      own.push({ coding, size: bytes.length, offset: end + header.length, etag: etagOf(bytes) });
      end += padded.length;
    }
    representations.push(own);
  }
  return { end, representations };
}

async function encode(file: FileHandle, { object, bodyOffset }: SpoolMember): Promise<Encoded[]> {
  if (!isCompressible(contentType(object.key), object.size)) return [];
  const body = Buffer.allocUnsafe(object.size);
  await readExactly(file, body, bodyOffset);
  return encodedForms(body);
}
