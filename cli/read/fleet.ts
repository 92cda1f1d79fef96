import { listImages, listSnapshots } from "../../lib/aws/images.ts";
import { listMachines, type Machine } from "../../lib/aws/machines.ts";

/** What the stack has in EC2: everything that bears its tag. */
export interface Fleet {
  /** Newest first. */
  readonly machines: readonly Machine[];
  readonly images: readonly { readonly imageId: string; readonly release: number }[];
  readonly snapshots: readonly { readonly snapshotId: string; readonly release: number }[];
}

/** Reads the stack's machines, images and snapshots. `openSite` first: it says whose they are. */
export async function fleetOf(): Promise<Fleet> {
  const [machines, images, snapshots] = await Promise.all([listMachines(), listImages(), listSnapshots()]);
  return {
    machines: machines.toSorted((a, b) => b.launchedAt.getTime() - a.launchedAt.getTime()),
    images: images.toSorted((a, b) => b.release - a.release),
    snapshots: snapshots.toSorted((a, b) => b.release - a.release),
  };
}
