import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { writeExactly } from "../disk/source.ts";
import { compareBytes } from "../site/keys.ts";
import { showKey, showSize } from "../site/show.ts";
import { memberHeader, padding, tarEnd } from "./tar.ts";

/** An object to pack. */
export interface PackObject {
  readonly key: string;
  /** Bytes that the body must have. */
  readonly size: number;
  /** Starts reading the body. The signal tells that packing has failed and nobody waits any more. */
  open(signal: AbortSignal): Promise<Readable>;
}

/** Where a member of the archive stands in the spool file. */
interface SpoolMember {
  readonly object: PackObject;
  readonly header: Buffer;
  /** Of the header, in bytes from the archive's `base`. */
  readonly offset: number;
  /** Of the body. */
  readonly bodyOffset: number;
}

/** The spool file: everything of the archive that follows its index. */
export interface SpoolPlan {
  readonly members: readonly SpoolMember[];
  readonly bytes: number;
  readonly contentBytes: number;
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
export function planSpool(objects: readonly PackObject[]): SpoolPlan {
  let bytes = 0;
  let contentBytes = 0;
  const members = objects
    .toSorted((a, b) => compareBytes(a.key, b.key))
    .map((object): SpoolMember => {
      const header = memberHeader(`site/${object.key}`, object.size);
      const offset = bytes;
      const bodyOffset = offset + header.length;
      bytes = bodyOffset + object.size + padding(object.size);
      contentBytes += object.size;
      return { object, header, offset, bodyOffset };
    });
  return { members, bytes: bytes + tarEnd.length, contentBytes };
}

/**
 * Reads all bodies, `concurrency` at a time, into their places. Returns their SHA-256, in the plan's order.
 * The first failure ends it: bodies still being read are destroyed before it throws.
 */
export async function spoolBodies(file: FileHandle, plan: SpoolPlan, concurrency: number): Promise<string[]> {
  await file.truncate(plan.bytes);
  const digests: string[] = new Array(plan.members.length);
  const abort = new AbortController();
  const queue = plan.members.entries();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const [i, member] of queue) {
      if (abort.signal.aborted) return;
      try {
        digests[i] = await spoolBody(file, member, abort.signal);
      } catch (error) {
        failures.push(error);
        abort.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, worker));
  const [failure] = failures;
  if (isFull(failure)) throw new SpoolFull(plan.bytes, failure);
  if (failure !== undefined) throw failure;
  return digests;
}

/** Bodies are written in runs of this length; a smaller one goes out together with its header. */
const runBytes = 256 * 1024;

async function spoolBody(file: FileHandle, member: SpoolMember, signal: AbortSignal): Promise<string> {
  const { key, size } = member.object;
  const hash = createHash("sha256");
  let run: Buffer[] = [member.header];
  let length = member.header.length;
  let position = member.offset;
  let received = 0;
  const flush = async (): Promise<void> => {
    await writeExactly(file, run.length === 1 && run[0] ? run[0] : Buffer.concat(run, length), position);
    position += length;
    run = [];
    length = 0;
  };
  for await (const chunk of (await member.object.open(signal)) as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (signal.aborted) throw signal.reason;
    if (received > size)
      throw new ObjectChanged(key, `it has more than the ${size} bytes it was listed with`);
    hash.update(chunk);
    run.push(chunk);
    length += chunk.length;
    if (length >= runBytes) await flush();
  }
  if (received < size) throw new ObjectChanged(key, `${received} bytes came, it was listed with ${size}`);
  if (length > 0) await flush();
  return hash.digest("hex");
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}
