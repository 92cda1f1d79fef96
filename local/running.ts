import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockHolder } from "./lock.ts";

const FILE = "endpoint.json";

/** Writes down where the local cloud of a data directory listens, and with what keys, for other programs. */
export function recordEndpoint(directory: string, environment: Readonly<Record<string, string>>): void {
  const record = { pid: process.pid, environment };
  writeFileSync(join(directory, FILE), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** The environment that reaches the local cloud which runs on a data directory; undefined when none does. */
export function findEndpoint(directory: string): Record<string, string> | undefined {
  const holder = lockHolder(directory);
  if (holder === undefined) return undefined;
  try {
    const text = readFileSync(join(directory, FILE), "utf8");
    const { pid, environment } = JSON.parse(text) as { pid: number; environment: Record<string, string> };
    // The record of one that was killed: the one that runs now is still starting.
    return pid === holder ? environment : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
