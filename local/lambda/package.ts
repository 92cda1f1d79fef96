import { createHash } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { Entry, ZipFile } from "yauzl";
import { fromBuffer } from "yauzl";

/** A function's zip, unpacked. */
export interface UnpackedCode {
  readonly directory: string;
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Unpacks a zip below `directory` under its digest; finds it there the next time. A half unpacked one is never
 * taken for whole: unpacking ends with a rename.
 */
export async function unpack(zipPath: string, directory: string): Promise<UnpackedCode> {
  return unpackBuffer(readFileSync(zipPath), directory);
}

/** The same for a zip that is in memory. */
export async function unpackBuffer(zip: Buffer, directory: string): Promise<UnpackedCode> {
  const digest = createHash("sha256").update(zip).digest();
  const target = join(directory, digest.toString("hex").slice(0, 32));
  const code = { directory: target, sha256: digest.toString("base64"), bytes: zip.length };
  if (existsSync(target)) return code;
  const fresh = `${target}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await extract(zip, fresh);
  renameSync(fresh, target);
  return code;
}

async function extract(zip: Buffer, target: string): Promise<void> {
  const open = promisify<Buffer, object, ZipFile>(fromBuffer);
  const archive = await open(zip, { lazyEntries: true });
  const openEntry = promisify<Entry, NodeJS.ReadableStream>(archive.openReadStream.bind(archive));
  await new Promise<void>((resolve, reject) => {
    archive.once("end", resolve);
    archive.once("error", reject);
    archive.on("entry", (entry: Entry) => {
      void writeEntry(entry, target, openEntry).then(() => archive.readEntry(), reject);
    });
    archive.readEntry();
  });
}

async function writeEntry(
  entry: Entry,
  target: string,
  openEntry: (entry: Entry) => Promise<NodeJS.ReadableStream>,
): Promise<void> {
  const path = join(target, normalize(entry.fileName));
  if (!path.startsWith(target)) throw new Error(`The zip holds a path that leaves it: ${entry.fileName}`);
  if (entry.fileName.endsWith("/")) {
    mkdirSync(path, { recursive: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  // The upper half of the external attributes is the Unix mode.
  const mode = (entry.externalFileAttributes >>> 16) & 0o777;
  await pipeline(await openEntry(entry), createWriteStream(path, mode === 0 ? {} : { mode }));
}
