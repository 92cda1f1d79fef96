import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import type { PackObject } from "../../lib/archive/spool.ts";
import { type PackedSite, packSite } from "../../lib/archive/writer.ts";

/** A directory of the test's own, removed when it ends. */
export async function scratch(test: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "mirage-pages-test-"));
  test.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An object to pack whose body is `content`, handed out in pieces of `piece` bytes. */
export function object(key: string, content: string | Buffer, piece = 64 * 1024): PackObject {
  const bytes = Buffer.from(content);
  return {
    key,
    size: bytes.length,
    modified: 784_111_777,
    open: async () => {
      const pieces = function* () {
        for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
      };
      return { body: Readable.from(pieces(), { objectMode: false }) };
    },
  };
}

/** Packs objects into a directory of the test's own; closed when the test ends. */
export async function pack(test: TestContext, objects: Iterable<PackObject>): Promise<PackedSite> {
  const directory = await scratch(test);
  const site = await packSite({ objects, spoolPath: join(directory, "spool") });
  test.after(() => site.close());
  return site;
}

/** All bytes of an archive. */
export function bytesOf(site: PackedSite): Promise<Buffer> {
  return buffer(site.open());
}

/** Runs a program (those of /usr/sbin too) and gives what it printed; rejects when it fails. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, LC_ALL: "C.UTF-8", PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** For `skip`: false where the program is there, else why the test is passed over. */
export async function missing(program: string, packageName: string): Promise<string | false> {
  const found = await run("sh", "-c", `command -v ${program}`).catch(() => "");
  return found === "" ? `${program} is not installed (Debian: ${packageName})` : false;
}

/** Bytes that do not compress or repeat within a block, and are the same each time. */
export function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
