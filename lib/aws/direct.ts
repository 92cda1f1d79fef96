import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { CompleteSnapshotCommand, PutSnapshotBlockCommand, StartSnapshotCommand } from "@aws-sdk/client-ebs";
import { DescribeSnapshotsCommand } from "@aws-sdk/client-ec2";
import { ImportFailed } from "../errors.ts";
import { ebs } from "./ebs-client.ts";
import { ec2 } from "./ec2-client.ts";
import { attemptName, tagsOf } from "./names.ts";

/** Writes under way at once: EBS takes 1,000 a second. With what is read ahead they hold 36 MiB, whatever the disk. */
const IN_FLIGHT = 24;
/** How long a snapshot that was just started may answer that it does not exist. */
const NEW_SNAPSHOT_MS = 120_000;
/** How long a completed snapshot is waited for that refuses blocks. */
const SEALED_MS = 60_000;

export interface DiskBlock {
  readonly index: number;
  readonly data: Buffer;
}

/**
 * Writes a disk straight into a snapshot with the EBS direct APIs: blocks of 512 KiB, only those given
 * (what is not written reads as zeros). Run again after a crash, it finds the snapshot by its client token
 * and writes the same blocks over. Throws ImportFailed.
 */
export async function writeSnapshot(
  release: number,
  volumeGiB: number,
  blocks: AsyncIterable<DiskBlock>,
): Promise<{ snapshotId: string; writtenBytes: number }> {
  const started = await ebs().send(
    new StartSnapshotCommand({
      VolumeSize: volumeGiB,
      ClientToken: attemptName(release, 1),
      Description: `mirage-pages release ${release}`,
      Encrypted: true,
      Timeout: 60,
      Tags: tagsOf(release, 1),
    }),
  );
  const snapshotId = started.SnapshotId ?? "";
  if (started.Status === "completed") return { snapshotId, writtenBytes: 0 };
  if (started.Status === "error")
    throw new ImportFailed(`EBS gave up the snapshot ${snapshotId}; deploy again.`);

  try {
    const { count, writtenBytes } = await writeBlocks(snapshotId, blocks);
    await ebs().send(new CompleteSnapshotCommand({ SnapshotId: snapshotId, ChangedBlocksCount: count }));
    return { snapshotId, writtenBytes };
  } catch (error) {
    if (refusesBlocks(error) && (await becomesComplete(snapshotId))) return { snapshotId, writtenBytes: 0 };
    throw error;
  }
}

/** What a snapshot answers that takes no blocks in the state it is in; what is denied stays denied. */
function refusesBlocks(error: unknown): boolean {
  return error instanceof Error && ["ValidationException", "ConflictException"].includes(error.name);
}

/**
 * Whether a snapshot that refuses blocks does so because an earlier run completed it and died before it could
 * say so: it is pending for a while after CompleteSnapshot, and looks like one that is still open.
 */
async function becomesComplete(snapshotId: string): Promise<boolean> {
  for (const start = Date.now(); Date.now() - start < SEALED_MS; await pause(1_000)) {
    if ((await snapshotProgress(snapshotId)).done) return true;
  }
  return false;
}

/** Writes blocks, many at once. Throws the first failure, when no write is under way any more. */
async function writeBlocks(
  snapshotId: string,
  blocks: AsyncIterable<DiskBlock>,
): Promise<{ count: number; writtenBytes: number }> {
  let count = 0;
  let writtenBytes = 0;
  const startedAt = Date.now();
  const failures: unknown[] = [];
  const underWay = new Set<Promise<void>>();
  for await (const block of blocks) {
    const write: Promise<void> = putBlock(snapshotId, block, startedAt)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(write));
    underWay.add(write);
    count += 1;
    writtenBytes += block.data.length;
    if (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
    if (failures.length > 0) break;
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
  return { count, writtenBytes };
}

async function putBlock(SnapshotId: string, { index, data }: DiskBlock, startedAt: number): Promise<void> {
  for (let wait = 250; ; wait = Math.min(2 * wait, 5_000)) {
    try {
      await ebs().send(
        new PutSnapshotBlockCommand({
          SnapshotId,
          BlockIndex: index,
          BlockData: data,
          DataLength: data.length,
          Checksum: createHash("sha256").update(data).digest("base64"),
          ChecksumAlgorithm: "SHA256",
        }),
      );
      return;
    } catch (error) {
      const young = Date.now() - startedAt < NEW_SNAPSHOT_MS;
      if (!(young && error instanceof Error && error.name === "ResourceNotFoundException")) throw error;
      await pause(wait);
    }
  }
}

/** How far a snapshot is: its state and percent as EC2 tells them. Throws ImportFailed when it failed. */
export async function snapshotProgress(snapshotId: string): Promise<{ done: boolean; progress: string }> {
  try {
    const { Snapshots } = await ec2().send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] }));
    const snapshot = Snapshots?.[0];
    if (snapshot?.State === "error") {
      throw new ImportFailed(
        `The snapshot ${snapshotId} failed: ${snapshot.StateMessage ?? "no reason given"}.`,
      );
    }
    return { done: snapshot?.State === "completed", progress: snapshot?.Progress ?? "" };
  } catch (error) {
    if (error instanceof Error && error.name === "InvalidSnapshot.NotFound")
      return { done: false, progress: "" };
    throw error;
  }
}
