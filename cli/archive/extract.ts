import { constants } from "node:fs";
import { lstat, mkdir, open, realpath, rm } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { membersOf } from "../../lib/archive/members.ts";
import { readAhead } from "../../lib/disk/read-ahead.ts";
import { type Source, writeExactly } from "../../lib/disk/source.ts";
import { keyProblem } from "../../lib/site/keys.ts";
import { showKey } from "../../lib/site/show.ts";
import { CommandFailed } from "../failure.ts";

const pieceBytes = 1024 * 1024;

/** What was written. */
export interface Extracted {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Writes the site's files below a directory, which is made if need be. Nothing is written when one of them is
 * there already, unless `force` replaces it. Never writes outside of the directory: keys are checked, and a
 * link on the way is refused. Throws CommandFailed.
 */
export async function extractSite(source: Source, directory: string, force: boolean): Promise<Extracted> {
  const archive = readAhead(source);
  const files: { key: string; size: number; bodyOffset: number }[] = [];
  for await (const { name, size, bodyOffset } of membersOf(archive)) {
    if (!name.startsWith("site/")) continue;
    const key = name.slice("site/".length);
    const problem = keyProblem(key) ?? (key.endsWith("/") ? "ends in a slash" : undefined);
    if (problem !== undefined) throw new CommandFailed(`${showKey(key)} ${problem}: nothing was extracted.`);
    files.push({ key, size, bodyOffset });
  }
  await mkdir(directory, { recursive: true });
  const root = await realpath(directory);
  if (!force) await refuseExisting(root, files);
  for (const { key, size, bodyOffset } of files) await writeFile(root, key, size, bodyOffset, archive);
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

async function refuseExisting(root: string, files: readonly { key: string }[]): Promise<void> {
  for (const { key } of files) {
    const there = await lstat(join(root, key)).catch(() => undefined);
    if (there !== undefined) {
      throw new CommandFailed(
        `${join(root, key)} is there already: nothing was extracted. Name another directory, or replace with --force.`,
      );
    }
  }
}

async function writeFile(
  root: string,
  key: string,
  size: number,
  start: number,
  archive: Source,
): Promise<void> {
  const path = join(root, key);
  const folder = dirname(path);
  await writable(path, () => mkdir(folder, { recursive: true }));
  const real = await realpath(folder);
  if (real !== folder || (real !== root && !real.startsWith(root + sep))) {
    throw new CommandFailed(
      `${folder} is a link to ${real}: ${showKey(key)} would be written there. Remove it.`,
    );
  }
  await writable(path, () => rm(path, { force: true }));
  // Exclusive: a link that appears meanwhile is not followed.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const file = await writable(path, () => open(path, flags, 0o644));
  try {
    for (let at = 0; at < size; at += pieceBytes) {
      await writeExactly(file, await archive.read(start + at, Math.min(pieceBytes, size - at)), at);
    }
  } finally {
    await file.close();
  }
}

/** Says what stands in the way: a file where a folder has to be, a folder where a file has to be. */
async function writable<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["EEXIST", "ENOTDIR", "EISDIR", "ERR_FS_EISDIR", "EACCES", "ENAMETOOLONG"].includes(code))
      throw error;
    throw new CommandFailed(`${path} cannot be written (${code}). Extract into an empty directory.`);
  }
}
