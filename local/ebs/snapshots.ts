import type { Disks } from "../ec2/disks.ts";
import type { Snapshot } from "../ec2/state.ts";
import type { Store } from "../ec2/store.ts";
import { Blocks } from "./blocks.ts";
import { snapshotNotFound } from "./errors.ts";

const GiB = 1024 ** 3;

/** How long a snapshot stays pending after CompleteSnapshot, in ms: enough that callers must ask again. */
const sealing = 200;

/** The snapshots' states over time, and their blocks. */
export class Snapshots {
  readonly #store: Store;
  readonly #disks: Disks;
  readonly #open = new Map<string, Promise<Blocks>>();

  constructor(store: Store, disks: Disks) {
    this.#store = store;
    this.#disks = disks;
  }

  /** Records a new snapshot and makes its files. When they cannot be made it is as if it had never been. */
  async create(snapshot: Snapshot): Promise<Blocks> {
    const parent = snapshot.parentId ? this.#files(snapshot.parentId) : undefined;
    // Recorded before the files are made: a second call with its client token must find it.
    this.#store.state.snapshots[snapshot.id] = snapshot;
    const making = Blocks.create(this.#files(snapshot.id), snapshot.sizeGiB * GiB, parent);
    this.#open.set(snapshot.id, making);
    try {
      const blocks = await making;
      snapshot.inheritedBlocks = blocks.inherited;
      await this.#store.save();
      return blocks;
    } catch (error) {
      await this.remove(snapshot.id);
      throw error;
    }
  }

  /** A snapshot as it is now. Throws ResourceNotFoundException. */
  get(id: string): Snapshot {
    this.refresh();
    const snapshot = this.#store.state.snapshots[id];
    if (!snapshot) throw snapshotNotFound(id);
    return snapshot;
  }

  /** A snapshot's blocks. */
  blocks(snapshot: Snapshot): Promise<Blocks> {
    const open =
      this.#open.get(snapshot.id) ?? Blocks.open(this.#files(snapshot.id), snapshot.inheritedBlocks);
    this.#open.set(snapshot.id, open);
    return open;
  }

  /** Takes a snapshot away, with its tags and files. */
  async remove(id: string): Promise<void> {
    const { state } = this.#store;
    delete state.snapshots[id];
    delete state.tags[id];
    this.#open.delete(id);
    await this.#store.save();
    await this.#disks.deleteSnapshot(id);
  }

  /** Brings the snapshots to where time has taken them: sealed ones complete, idle ones are given up. */
  refresh(): void {
    const now = Date.now();
    for (const snapshot of Object.values(this.#store.state.snapshots)) {
      if (snapshot.state !== "pending") continue;
      if (snapshot.sealedAt !== undefined && now >= snapshot.sealedAt + sealing) {
        snapshot.state = "completed";
        snapshot.progress = "100%";
        snapshot.completedAt = new Date(now).toISOString();
        delete snapshot.deadline;
      } else if (
        snapshot.sealedAt === undefined &&
        snapshot.deadline !== undefined &&
        now > snapshot.deadline
      ) {
        snapshot.state = "error";
        snapshot.message = `The snapshot was not written to for ${snapshot.timeoutMinutes} minutes and is cancelled.`;
      }
    }
  }

  #files(id: string) {
    return { raw: this.#disks.snapshot(id), list: this.#disks.blockList(id) };
  }
}
