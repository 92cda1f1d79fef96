import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTime } from "./processes.ts";

/** Another local cloud runs on the same data. */
export class DataInUse extends Error {
  override readonly name = "DataInUse";

  constructor(directory: string, pid: number) {
    super(
      `Another local cloud (process ${pid}) uses ${directory}. Stop it, or give this one another data directory.`,
    );
  }
}

/**
 * Takes the lock of a data directory and returns what lets go of it. A lock whose process is gone, or whose number
 * went to another process since, is taken over. Throws DataInUse.
 */
export function lockData(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "lock.json");
  const mine = JSON.stringify({ pid: process.pid, started: startTime(process.pid) });
  // Two tries: the second after a stale lock was removed.
  for (let attempt = 0; ; attempt += 1) {
    try {
      writeFileSync(path, mine, { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = readOwner(path);
      const alive =
        owner !== undefined && owner.started !== undefined && startTime(owner.pid) === owner.started;
      if (alive || attempt > 1) throw new DataInUse(directory, owner?.pid ?? 0);
      rmSync(path, { force: true });
    }
  }
  return () => {
    const { pid, started } = readOwner(path) ?? { pid: 0, started: undefined };
    if (JSON.stringify({ pid, started }) === mine) rmSync(path, { force: true });
  };
}

/** The process that holds the lock of a data directory; undefined when none does. */
export function lockHolder(directory: string): number | undefined {
  const owner = readOwner(join(directory, "lock.json"));
  if (owner?.started === undefined || startTime(owner.pid) !== owner.started) return undefined;
  return owner.pid;
}

function readOwner(path: string): { pid: number; started: string | undefined } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as { pid: number; started: string | undefined };
  } catch {
    return undefined;
  }
}
