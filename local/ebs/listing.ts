import { createHash } from "node:crypto";
import type { Snapshot } from "../ec2/state.ts";
import { type BlockDigests, blockBytes } from "./blocks.ts";
import { invalid } from "./errors.ts";

/** Block tokens are valid for a week on AWS, in s. */
const tokenLifetime = 7 * 86_400;

/** The token that goes with one block of a snapshot. */
export function tokenOf(snapshotId: string, index: number): string {
  return createHash("sha256").update(`${snapshotId} ${index}`).digest("base64url");
}

/** ListSnapshotBlocks. Throws ValidationException. */
export function listBlocks(snapshot: Snapshot, digests: BlockDigests, query: URLSearchParams): object {
  checkCompleted(snapshot);
  const { indexes, next } = page([...digests.keys()], query);
  return {
    Blocks: indexes.map((index) => ({ BlockIndex: index, BlockToken: tokenOf(snapshot.id, index) })),
    ...listOutput(snapshot, next),
  };
}

/** Two snapshots whose blocks are compared; without a first one, all of the second's are told. */
export interface Comparison {
  readonly first: Snapshot | undefined;
  readonly second: Snapshot;
  readonly before: BlockDigests;
  readonly after: BlockDigests;
}

/** ListChangedBlocks. Throws ValidationException. */
export function listChangedBlocks(
  { first, second, before, after }: Comparison,
  query: URLSearchParams,
): object {
  if (first) checkCompleted(first);
  checkCompleted(second);
  const all = new Set([...before.keys(), ...after.keys()]);
  const changed = [...all].filter((index) => {
    const [old, now] = [before.get(index), after.get(index)];
    return !old || !now || !old.equals(now);
  });
  const { indexes, next } = page(changed, query);
  return {
    ChangedBlocks: indexes.map((index) => ({
      BlockIndex: index,
      ...(first && before.has(index) && { FirstBlockToken: tokenOf(first.id, index) }),
      ...(after.has(index) && { SecondBlockToken: tokenOf(second.id, index) }),
    })),
    ...listOutput(second, next),
  };
}

function checkCompleted(snapshot: Snapshot): void {
  if (snapshot.state === "completed") return;
  throw invalid(
    "INVALID_SNAPSHOT_ID",
    `The snapshot '${snapshot.id}' is not completed: it is ${snapshot.state}.`,
  );
}

function listOutput(snapshot: Snapshot, next: string | undefined): object {
  return {
    ExpiryTime: Math.floor(Date.now() / 1000) + tokenLifetime,
    VolumeSize: snapshot.sizeGiB,
    BlockSize: blockBytes,
    NextToken: next,
  };
}

function page(all: number[], query: URLSearchParams): { indexes: number[]; next: string | undefined } {
  const size = Number(query.get("maxResults") ?? 10_000);
  if (!Number.isInteger(size) || size < 100 || size > 10_000) {
    throw invalid("INVALID_PARAMETER_VALUE", "MaxResults must be from 100 to 10000.");
  }
  const token = query.get("pageToken");
  const start = Number(
    token ? Buffer.from(token, "base64url").toString() : (query.get("startingBlockIndex") ?? 0),
  );
  if (!Number.isInteger(start) || start < 0) {
    throw invalid(
      token ? "INVALID_PAGE_TOKEN" : "INVALID_PARAMETER_VALUE",
      "There is no such place to start from.",
    );
  }
  const sorted = all.filter((index) => index >= start).sort((a, b) => a - b);
  const following = sorted[size];
  const next = following === undefined ? undefined : Buffer.from(String(following)).toString("base64url");
  return { indexes: sorted.slice(0, size), next };
}
