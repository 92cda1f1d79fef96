import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import * as z from "zod";
import { newId, parametersDigest } from "../ec2/ids.ts";
import type { Snapshot } from "../ec2/state.ts";
import type { Store } from "../ec2/store.ts";
import { setTags, tagList } from "../ec2/tags.ts";
import type { Caller } from "../service.ts";
import { blockBytes } from "./blocks.ts";
import { conflict, invalid, snapshotNotFound } from "./errors.ts";
import type { Snapshots } from "./snapshots.ts";

const startInput = z.strictObject({
  VolumeSize: z.int().min(1).max(65536),
  ParentSnapshotId: z.string().optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string().default("") })).optional(),
  Description: z.string().max(255).optional(),
  ClientToken: z.string().min(1).max(64).optional(),
  Encrypted: z.boolean().optional(),
  KmsKeyArn: z.string().optional(),
  Timeout: z.int().min(10).max(4320).optional(),
});

type StartInput = z.infer<typeof startInput>;

/**
 * StartSnapshot. The same client token with the same parameters gives the same snapshot; with others,
 * ConflictException. Throws ValidationException, ResourceNotFoundException.
 */
export async function startSnapshot(
  body: unknown,
  store: Store,
  snapshots: Snapshots,
  caller: Caller,
): Promise<object> {
  const parsed = startInput.safeParse(body);
  if (!parsed.success) throw invalid("INVALID_PARAMETER_VALUE", z.prettifyError(parsed.error));
  const input = parsed.data;
  const tokenDigest = parametersDigest({ ...input, ClientToken: undefined });
  const token = input.ClientToken;
  const known = token
    ? Object.values(store.state.snapshots).find(({ clientToken }) => clientToken === token)
    : undefined;
  if (known) {
    if (known.tokenDigest !== tokenDigest) throw conflict();
    return startOutput(known, store);
  }
  const snapshot: Snapshot = {
    id: newId("snap"),
    ownerId: caller.accountId,
    startedAt: new Date().toISOString(),
    sizeGiB: input.VolumeSize,
    description: input.Description ?? "",
    ...encryption(input, store, caller),
    ...(input.ParentSnapshotId && { parentId: input.ParentSnapshotId }),
    state: "pending",
    progress: "0%",
    timeoutMinutes: input.Timeout ?? 60,
    deadline: Date.now() + (input.Timeout ?? 60) * 60_000,
    ...(token && { clientToken: token, tokenDigest }),
  };
  setTags(store.state, snapshot.id, input.Tags ?? []);
  await snapshots.create(snapshot);
  return startOutput(snapshot, store);
}

function encryption(
  input: StartInput,
  store: Store,
  caller: Caller,
): Pick<Snapshot, "encrypted" | "kmsKeyArn"> {
  const parentId = input.ParentSnapshotId;
  if (parentId && (input.Encrypted !== undefined || input.KmsKeyArn)) {
    throw invalid(
      "INVALID_PARAMETER_VALUE",
      "Encrypted and KmsKeyArn cannot be specified together with ParentSnapshotId.",
    );
  }
  if (input.KmsKeyArn && !input.Encrypted) {
    throw invalid("INVALID_PARAMETER_VALUE", "KmsKeyArn needs Encrypted to be true.");
  }
  if (!parentId) {
    if (!input.Encrypted) return { encrypted: false };
    const key = `arn:aws:kms:${caller.region}:${caller.accountId}:alias/aws/ebs`;
    return { encrypted: true, kmsKeyArn: input.KmsKeyArn ?? key };
  }
  const parent = store.state.snapshots[parentId];
  if (!parent) throw snapshotNotFound(parentId);
  if (parent.state !== "completed") {
    throw invalid("INVALID_SNAPSHOT_ID", `The parent snapshot '${parentId}' is not completed.`);
  }
  if (input.VolumeSize < parent.sizeGiB) {
    throw invalid("INVALID_VOLUME_SIZE", `VolumeSize must be at least the parent's, ${parent.sizeGiB} GiB.`);
  }
  return { encrypted: parent.encrypted, ...(parent.kmsKeyArn && { kmsKeyArn: parent.kmsKeyArn }) };
}

function startOutput(snapshot: Snapshot, store: Store): object {
  return {
    SnapshotId: snapshot.id,
    OwnerId: snapshot.ownerId,
    Status: snapshot.state,
    StartTime: Date.parse(snapshot.startedAt) / 1000,
    VolumeSize: snapshot.sizeGiB,
    BlockSize: blockBytes,
    Description: snapshot.description,
    Tags: tagList(store.state, snapshot.id),
    ParentSnapshotId: snapshot.parentId,
    KmsKeyArn: snapshot.kmsKeyArn,
    SseType: snapshot.encrypted ? "sse-kms" : "sse-ebs",
  };
}

/**
 * CompleteSnapshot: seals a snapshot that has as many blocks as the caller says. It is pending a little while
 * longer. Calling it again is fine. Throws ValidationException.
 */
export async function completeSnapshot(
  snapshot: Snapshot,
  headers: IncomingHttpHeaders,
  store: Store,
  snapshots: Snapshots,
): Promise<object> {
  const count = Number(headers["x-amz-changedblockscount"] ?? Number.NaN);
  if (!Number.isInteger(count) || count < 0) {
    throw invalid("INVALID_PARAMETER_VALUE", "ChangedBlocksCount must be a whole number.");
  }
  if (snapshot.state === "error") {
    throw invalid(
      "INVALID_SNAPSHOT_ID",
      `The snapshot '${snapshot.id}' is in state error: ${snapshot.message}`,
    );
  }
  const blocks = (await snapshots.blocks(snapshot)).ownDigests;
  if (count !== blocks.length) {
    throw invalid(
      "INVALID_PARAMETER_VALUE",
      `ChangedBlocksCount is ${count}, but ${blocks.length} blocks were written to '${snapshot.id}'.`,
    );
  }
  checkChecksum(headers, blocks);
  snapshot.sealedAt ??= Date.now();
  await store.save();
  return { Status: snapshot.state };
}

function checkChecksum(headers: IncomingHttpHeaders, blocks: readonly [number, Buffer][]): void {
  const checksum = headers["x-amz-checksum"];
  if (checksum === undefined) return;
  if (
    headers["x-amz-checksum-algorithm"] !== "SHA256" ||
    headers["x-amz-checksum-aggregation-method"] !== "LINEAR"
  ) {
    throw invalid(
      "INVALID_PARAMETER_VALUE",
      "Checksum needs ChecksumAlgorithm SHA256, ChecksumAggregationMethod LINEAR.",
    );
  }
  const hash = createHash("sha256");
  for (const [, digest] of blocks) hash.update(digest);
  const digest = hash.digest("base64");
  if (checksum !== digest) {
    throw invalid(
      "INVALID_PARAMETER_VALUE",
      `Checksum is ${checksum}, that of the blocks' checksums is ${digest}.`,
    );
  }
}
