import { open } from "node:fs/promises";
import { fileSource } from "../../../lib/disk/source.ts";
import { intoBlocks, isZero } from "../../ebs/blocks.ts";
import type { Snapshots } from "../../ebs/snapshots.ts";
import type { ReadObject, StoredObject } from "../cloud.ts";
import type { Disks } from "../disks.ts";
import { newId } from "../ids.ts";
import type { Image, ImportTask, Snapshot } from "../state.ts";
import type { Store } from "../store.ts";
import { refusal } from "./known-system.ts";

const GiB = 1024 ** 3;

export interface ImportsOptions {
  readonly store: Store;
  readonly disks: Disks;
  readonly snapshots: Snapshots;
  readonly readObject: ReadObject;
  log(line: string): void;
}

/** Why a task ended without its result; the text is what AWS puts into StatusMessage. */
class ImportRefused extends Error {
  override readonly name = "ImportRefused";
}

/** The task was cancelled, or the cloud is stopping. */
class ImportCancelled extends Error {
  override readonly name = "ImportCancelled";
}

/** Runs ImportSnapshot's and ImportImage's tasks in the background, as VM Import/Export does. */
export class Imports {
  readonly #options: ImportsOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #cancelled = new Set<string>();
  #stopped = false;

  constructor(options: ImportsOptions) {
    this.#options = options;
  }

  /** Starts a task that is recorded as active. */
  start(task: ImportTask): void {
    const running = this.#run(task).finally(() => this.#running.delete(task.id));
    this.#running.set(task.id, running);
  }

  /** Cancels an active task: it goes through deleting to deleted. */
  cancel(task: ImportTask): void {
    this.#cancelled.add(task.id);
    task.status = "deleting";
  }

  /** Starts again, from the beginning, what was being imported when the local cloud ended. */
  async resume(): Promise<void> {
    for (const task of Object.values(this.#options.store.state.importTasks)) {
      if (task.status === "deleting") await this.#giveUp(task, task.message ?? "Cancelled");
      if (task.status !== "active") continue;
      if (task.snapshotId) await this.#options.snapshots.remove(task.snapshotId);
      delete task.snapshotId;
      this.start(task);
    }
  }

  /** Stops at the next block. Tasks stay recorded as active and are taken up by `resume`. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running.values());
  }

  async #run(task: ImportTask): Promise<void> {
    const { store, log } = this.#options;
    try {
      const snapshot = await this.#copy(task, await this.#find(task));
      if (task.kind === "image") await this.#makeImage(task, snapshot);
      this.#goOn(task);
      task.status = "completed";
      task.progress = 100;
      delete task.stage;
    } catch (error) {
      if (this.#stopped && error instanceof ImportCancelled) return;
      const expected = error instanceof ImportRefused || error instanceof ImportCancelled;
      const message = error instanceof Error ? error.message : String(error);
      if (!expected) log(`${task.id}: ${message}`);
      await this.#giveUp(task, expected ? message : `ServerError: ${message}`);
    }
    await store.save();
  }

  async #find(task: ImportTask): Promise<StoredObject> {
    this.#stage(task, "pending", 1);
    try {
      const object = await this.#options.readObject(task.bucket, task.key);
      if (object.size === 0)
        throw new ImportRefused("ClientError: Disk validation failed [The disk is empty]");
      return object;
    } catch (error) {
      if (error instanceof ImportRefused) throw error;
      const denied = /denied|forbidden|403/i.test(String(error));
      const reason = denied ? "403 Forbidden" : "404 Not Found";
      throw new ImportRefused(
        `ClientError: Disk validation failed [We do not have access to the given resource. Reason ${reason}]`,
      );
    }
  }

  async #copy(task: ImportTask, object: StoredObject): Promise<Snapshot> {
    this.#stage(task, task.kind === "image" ? "converting" : "downloading/converting", 3);
    task.sizeBytes = object.size;
    const snapshot: Snapshot = {
      id: newId("snap"),
      ownerId: task.ownerId,
      startedAt: new Date().toISOString(),
      sizeGiB: Math.ceil(object.size / GiB),
      description: `Created by AWS-VMImport service for ${task.id}`,
      encrypted: task.encrypted,
      state: "pending",
      progress: "0%",
    };
    const blocks = await this.#options.snapshots.create(snapshot);
    task.snapshotId = snapshot.id;
    let index = 0;
    let copied = 0;
    for await (const block of intoBlocks(object.stream())) {
      this.#goOn(task);
      if (!isZero(block)) await blocks.write(index, block);
      index += 1;
      copied = Math.min(object.size, copied + block.length);
      task.progress = Math.max(3, Math.floor((95 * copied) / object.size));
    }
    if (copied < object.size) {
      throw new ImportRefused("ClientError: Disk validation failed [The object ended before its size]");
    }
    snapshot.state = "completed";
    snapshot.progress = "100%";
    snapshot.completedAt = new Date().toISOString();
    return snapshot;
  }

  async #makeImage(task: ImportTask, snapshot: Snapshot): Promise<void> {
    const { store, disks } = this.#options;
    this.#stage(task, "validating", 96);
    const file = await open(disks.snapshot(snapshot.id), "r");
    try {
      const text = await refusal(fileSource(file, snapshot.sizeGiB * GiB));
      if (text) throw new ImportRefused(text);
    } finally {
      await file.close();
    }
    this.#goOn(task);
    this.#stage(task, "preparing ami", 98);
    const image: Image = {
      id: newId("ami"),
      ownerId: task.ownerId,
      // AWS names such an image after its task.
      name: task.id,
      description: `AWS-VMImport service: Linux - ${task.id}`,
      architecture: task.architecture,
      virtualizationType: "hvm",
      ...(task.bootMode && { bootMode: task.bootMode }),
      enaSupport: true,
      rootDevice: "/dev/sda1",
      createdAt: new Date().toISOString(),
      mappings: [
        {
          device: "/dev/sda1",
          snapshotId: snapshot.id,
          sizeGiB: snapshot.sizeGiB,
          type: "gp2",
          deleteOnTermination: true,
        },
      ],
      state: "available",
    };
    store.state.images[image.id] = image;
    task.imageId = image.id;
  }

  #stage(task: ImportTask, stage: string, progress: number): void {
    this.#goOn(task);
    task.stage = stage;
    task.progress = progress;
  }

  #goOn(task: ImportTask): void {
    if (this.#stopped) throw new ImportCancelled("The local cloud is stopping.");
    if (this.#cancelled.has(task.id)) throw new ImportCancelled("User cancelled the task");
  }

  async #giveUp(task: ImportTask, message: string): Promise<void> {
    task.status = "deleting";
    task.message = message;
    if (task.snapshotId) await this.#options.snapshots.remove(task.snapshotId);
    delete task.snapshotId;
    delete task.stage;
    delete task.progress;
    task.status = "deleted";
    this.#cancelled.delete(task.id);
  }
}
