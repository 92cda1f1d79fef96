import { execFile } from "node:child_process";
import { rm, truncate } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Volume } from "./state.ts";
import type { Store } from "./store.ts";

const run = promisify(execFile);
const GiB = 1024 ** 3;

/** The raw files behind snapshots and volumes, and the consoles of instances. */
export class Disks {
  readonly #directory: string;

  constructor(store: Store) {
    this.#directory = store.directory;
  }

  /** A snapshot's bytes: sparse, a whole number of GiB long. */
  snapshot(id: string): string {
    return path.join(this.#directory, "snapshots", `${id}.raw`);
  }

  /** The list of a snapshot's written blocks, beside its bytes. */
  blockList(id: string): string {
    return path.join(this.#directory, "snapshots", `${id}.blocks`);
  }

  /** The disk an instance runs on. */
  volume(id: string): string {
    return path.join(this.#directory, "volumes", `${id}.raw`);
  }

  /** What an instance writes to its serial console. */
  console(instanceId: string): string {
    return path.join(this.#directory, "machines", `${instanceId}.console`);
  }

  /** Makes a volume's file: a copy of its snapshot's in which holes stay holes, as long as the volume. */
  async createVolume(volume: Volume): Promise<void> {
    await copySparse(this.snapshot(volume.snapshotId), this.volume(volume.id));
    await truncate(this.volume(volume.id), volume.sizeGiB * GiB);
  }

  /** Removes a volume's file. */
  async deleteVolume(id: string): Promise<void> {
    await rm(this.volume(id), { force: true });
  }

  /** Removes a snapshot's files. */
  async deleteSnapshot(id: string): Promise<void> {
    await rm(this.snapshot(id), { force: true });
    await rm(this.blockList(id), { force: true });
  }

  /** Removes an instance's console. */
  async deleteConsole(instanceId: string): Promise<void> {
    await rm(this.console(instanceId), { force: true });
  }
}

/** Copies a file with its holes, sharing blocks where the file system can. Throws what cp says. */
export async function copySparse(from: string, to: string): Promise<void> {
  await run("cp", ["--sparse=always", "--reflink=auto", "--", from, to]);
}
