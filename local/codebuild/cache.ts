import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { rm } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { promisify } from "node:util";
import type { Transfer } from "./transfer.ts";

const run = promisify(execFile);

/** Where a project's cache is kept: a tar in S3, which its role reads and writes. */
export interface CachePlace {
  readonly bucket: string;
  readonly key: string;
}

/** Brings back what the last good build kept. Rejects where there is nothing, or it may not be read. */
export async function restoreCache(transfer: Transfer, place: CachePlace, source: string): Promise<void> {
  const tar = `${source}.cache.tar`;
  try {
    await transfer.fetchFile(place.bucket, place.key, tar);
    await run("tar", ["-xf", tar, "-C", source]);
  } finally {
    await rm(tar, { force: true });
  }
}

/**
 * Keeps what `cache.paths` of a buildspec names for the next build, in place of what was kept before. Only paths
 * below the source are carried: absolute ones stay where they are, as builds run on this machine itself.
 */
export async function saveCache(
  transfer: Transfer,
  place: CachePlace,
  source: string,
  paths: readonly string[],
): Promise<void> {
  const inside = paths.filter((path) => !isAbsolute(path) && !path.startsWith("~"));
  // "dir/**/*" means the directory as it is, links and modes included.
  const patterns = inside.map((path) => path.replace(/(\/\*\*)?\/\*$/, ""));
  const found = patterns.flatMap((pattern) => globSync(pattern, { cwd: source }));
  if (found.length === 0) return;
  const tar = `${source}.cache.tar`;
  try {
    await run("tar", ["-cf", tar, "-C", source, "--", ...found]);
    await transfer.sendFile(place.bucket, place.key, tar);
  } finally {
    await rm(tar, { force: true });
  }
}
