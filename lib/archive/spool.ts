import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { writeExactly } from "../disk/source.ts";
import { compareBytes } from "../site/keys.ts";
import type { ObjectMetadata } from "../site/plan.ts";
import { showKey, showSize } from "../site/show.ts";
import { atOnce } from "./at-once.ts";
import { memberHeader, padding } from "./tar.ts";

/** An object to pack. */
export interface PackObject {
  readonly key: string;
  /** Bytes that the body must have. */
  readonly size: number;
  /** When its content changed last, in seconds since 1970. */
  readonly modified: number;
  /**
   * Names this very write of the object: where it is equal, bytes and metadata are. Undefined where that cannot
   * be told, and the body is read.
   */
  readonly version?: string | undefined;
  /** Starts reading the body. The signal tells that packing has failed and nobody waits any more. */
  open(signal: AbortSignal): Promise<OpenedObject>;
}

/** What opening an object gives: its body, and what its author set beside it. */
interface OpenedObject extends ObjectMetadata {
  readonly body: Readable;
}

/** What of an object decides where its member stands. */
type SpoolObject = Pick<PackObject, "key" | "size">;

/** Where an object's member of the archive stands in the spool file. */
export interface SpoolMember<T extends SpoolObject = PackObject> {
  readonly object: T;
  readonly header: Buffer;
  /** Of the header, in bytes from the archive's `base`. */
  readonly offset: number;
  /** Of the body. */
  readonly bodyOffset: number;
}

/** The first part of the spool file: the objects' members. */
export interface SpoolPlan<T extends SpoolObject = PackObject> {
  readonly members: readonly SpoolMember<T>[];
  readonly bytes: number;
  readonly contentBytes: number;
}

/** What reading an object's body told. */
export interface SpooledBody extends ObjectMetadata {
  /** SHA-256, lower-case hex. */
  readonly digest: string;
}

/** An object's body is not what the listing said: it was written to in between. */
export class ObjectChanged extends Error {
  readonly key: string;

  constructor(key: string, detail: string) {
    super(
      `${showKey(key)} changed while the site was packed: ${detail}. List the bucket again and start over.`,
    );
    this.name = "ObjectChanged";
    this.key = key;
  }
}

/** There is no room for the spool file. */
export class SpoolFull extends Error {
  constructor(bytes: number, cause: unknown) {
    super(
      `The disk for temporary files is full: packing this site takes ${showSize(bytes)} there. ` +
        "Free some space, or give the function more ephemeral storage.",
      { cause },
    );
    this.name = "SpoolFull";
  }
}

/** Sizes are known before the bodies are, so each body's place is too, and they can be written in any order. */
export function planSpool<T extends SpoolObject>(objects: readonly T[]): SpoolPlan<T> {
  let bytes = 0;
  let contentBytes = 0;
  const members = objects
    .toSorted((a, b) => compareBytes(a.key, b.key))
    .map((object): SpoolMember<T> => {
      const header = memberHeader(`site/${object.key}`, object.size);
      const offset = bytes;
      const bodyOffset = offset + header.length;
      bytes = bodyOffset + object.size + padding(object.size);
      contentBytes += object.size;
      return { object, header, offset, bodyOffset };
    });
  return { members, bytes, contentBytes };
}

/** Header, body and padding. */
export function memberBytes({ header, object }: SpoolMember<SpoolObject>): number {
  return header.length + object.size + padding(object.size);
}

/**
 * Reads the bodies that are not there yet, `concurrency` at a time, into their places. Returns what they told,
 * in the plan's order. The first failure ends it: bodies still being read are destroyed before it throws.
 */
export async function spoolBodies(
  file: FileHandle,
  plan: SpoolPlan,
  there: readonly (SpooledBody | undefined)[],
  concurrency: number,
): Promise<SpooledBody[]> {
  const bodies = plan.members.map((_, i) => there[i]);
  const missing = [...plan.members.entries()].filter(([i]) => bodies[i] === undefined);
  // Buffers are used again: a new one for each body keeps the garbage collector as busy as all the rest.
  const spare: Buffer[] = [];
  await atOnce(missing, concurrency, async ([i, member], signal) => {
    const run = spare.pop() ?? Buffer.allocUnsafeSlow(runBytes);
    bodies[i] = await spoolBody(file, member, run, signal);
    spare.push(run);
  });
  return bodies as SpooledBody[];
}

/** Bodies are written in runs of this length; a smaller one goes out together with its header. */
const runBytes = 256 * 1024;

/**
 * Reads a body into its place, behind its header, by way of a buffer of `runBytes`. Throws ObjectChanged when it is not
 * as long as it was listed.
 */
async function spoolBody(
  file: FileHandle,
  { header, offset, object }: SpoolMember,
  run: Buffer,
  signal: AbortSignal,
): Promise<SpooledBody> {
  const { key, size, open } = object;
  const hash = createHash("sha256");
  let position = offset;
  // What of the run is filled, and from where on it is body.
  let length = header.copy(run);
  let start = length;
  let received = 0;
  const flush = async (): Promise<void> => {
    hash.update(run.subarray(start, length));
    await writeExactly(file, run.subarray(0, length), position);
    position += length;
    length = 0;
    start = 0;
  };
  const { body, cacheControl } = await open(signal);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (signal.aborted) throw signal.reason;
    if (received > size)
      throw new ObjectChanged(key, `it has more than the ${size} bytes it was listed with`);
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(run, length, at);
      at += copied;
      length += copied;
      if (length === run.length) await flush();
    }
  }
  if (received < size) throw new ObjectChanged(key, `${received} bytes came, it was listed with ${size}`);
  if (length > 0) await flush();
  return { digest: hash.digest("hex"), cacheControl };
}

/** Runs what writes the spool file, telling a full disk as one. */
export async function spooling<T>(bytes: number, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    throw code === "ENOSPC" || code === "EDQUOT" ? new SpoolFull(bytes, error) : error;
  }
}
