import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const pageBytes = 4096;

/** The resident set of a process in bytes; undefined when it is gone or this is not Linux. */
export function residentBytes(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * pageBytes;
  } catch {
    return undefined;
  }
}

/** Bytes that the files below a directory take on disk; holes are not counted. Files that vanish are skipped. */
export function directoryBytes(directory: string): number {
  let total = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    try {
      total += statSync(join(entry.parentPath, entry.name)).blocks * 512;
    } catch {
      // Removed between listing and looking.
    }
  }
  return total;
}
