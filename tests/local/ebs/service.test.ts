import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import {
  CompleteSnapshotCommand,
  GetSnapshotBlockCommand,
  ListChangedBlocksCommand,
  ListSnapshotBlocksCommand,
  StartSnapshotCommand,
} from "@aws-sdk/client-ebs";
import { DescribeSnapshotsCommand } from "@aws-sdk/client-ec2";
import { eventually, type TestCloud, testCloud } from "../ec2/cloud.ts";
import { checksum, putBlock } from "../ec2/launch.ts";

const blockBytes = 512 * 1024;
const block = (fill: number) => Buffer.alloc(blockBytes, fill);

async function begin({ ebs }: TestCloud, more: object = {}): Promise<string> {
  return String((await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, ...more }))).SnapshotId);
}

async function complete(
  { ebs, ec2 }: TestCloud,
  SnapshotId: string,
  ChangedBlocksCount: number,
): Promise<void> {
  const { Status } = await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount }));
  assert.equal(Status, "pending");
  await eventually(
    () => ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] })),
    ({ Snapshots }) => Snapshots?.[0]?.State === "completed",
  );
}

test("blocks are read back as they were written, and holes take no room", async () => {
  await using cloud = await testCloud();
  const SnapshotId = await begin(cloud);
  await putBlock(cloud.ebs, SnapshotId, 0, block(1));
  await putBlock(cloud.ebs, SnapshotId, 2047, block(2));
  await putBlock(cloud.ebs, SnapshotId, 5, block(0));
  await complete(cloud, SnapshotId, 3);
  const { Blocks, VolumeSize } = await cloud.ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }));
  assert.deepEqual(
    Blocks?.map(({ BlockIndex }) => BlockIndex),
    [0, 5, 2047],
  );
  assert.equal(VolumeSize, 1);
  const BlockToken = Blocks?.[2]?.BlockToken;
  const read = await cloud.ebs.send(
    new GetSnapshotBlockCommand({ SnapshotId, BlockIndex: 2047, BlockToken }),
  );
  assert.deepEqual(Buffer.from((await read.BlockData?.transformToByteArray()) ?? []), block(2));
  assert.equal(read.Checksum, checksum(block(2)));
  const { blocks, size } = await stat(path.join(cloud.dataDir, "ec2/snapshots", `${SnapshotId}.raw`));
  assert.equal(size, 1024 ** 3);
  assert.ok(blocks * 512 < 2 * 1024 * 1024, `${blocks * 512} bytes are taken`);
});

test("a client token stands for one snapshot, also after a restart", async () => {
  await using cloud = await testCloud();
  const ClientToken = "t".repeat(64);
  const [first, second] = await Promise.all([begin(cloud, { ClientToken }), begin(cloud, { ClientToken })]);
  assert.equal(first, second);
  await cloud.restart();
  assert.equal(await begin(cloud, { ClientToken }), first);
  await assert.rejects(begin(cloud, { ClientToken, VolumeSize: 2 }), { name: "ConflictException" });
  await assert.rejects(begin(cloud, { ClientToken: "t".repeat(65) }), { name: "ValidationException" });
});

test("a snapshot that was being written is written on after a restart", async () => {
  await using cloud = await testCloud();
  const SnapshotId = await begin(cloud);
  await putBlock(cloud.ebs, SnapshotId, 1, block(1));
  await cloud.restart();
  await putBlock(cloud.ebs, SnapshotId, 2, block(2));
  await complete(cloud, SnapshotId, 2);
});

test("wrong blocks are refused", async () => {
  await using cloud = await testCloud();
  const SnapshotId = await begin(cloud);
  const refused = { name: "ValidationException" };
  await assert.rejects(putBlock(cloud.ebs, SnapshotId, 0, block(1), checksum(block(2))), refused);
  await assert.rejects(putBlock(cloud.ebs, SnapshotId, 2048, block(1)), refused);
  await assert.rejects(putBlock(cloud.ebs, SnapshotId, 0, Buffer.alloc(512)), refused);
  await assert.rejects(putBlock(cloud.ebs, "snap-0123456789abcdef0", 0, block(1)), {
    name: "ResourceNotFoundException",
    Reason: "SNAPSHOT_NOT_FOUND",
  });
  await putBlock(cloud.ebs, SnapshotId, 0, block(1));
  const complain = new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: 2 });
  await assert.rejects(cloud.ebs.send(complain), refused);
  await complete(cloud, SnapshotId, 1);
  await assert.rejects(putBlock(cloud.ebs, SnapshotId, 1, block(1)), refused);
});

test("a child begins as its parent, counts its own blocks, and tells what changed", async () => {
  await using cloud = await testCloud();
  const parent = await begin(cloud, { Encrypted: true });
  await putBlock(cloud.ebs, parent, 0, block(1));
  await putBlock(cloud.ebs, parent, 1, block(1));
  await complete(cloud, parent, 2);
  await assert.rejects(begin(cloud, { ParentSnapshotId: parent, Encrypted: true }), {
    name: "ValidationException",
  });
  const child = await begin(cloud, { ParentSnapshotId: parent });
  await putBlock(cloud.ebs, child, 1, block(9));
  await cloud.restart();
  await complete(cloud, child, 1);
  const changed = await cloud.ebs.send(
    new ListChangedBlocksCommand({ FirstSnapshotId: parent, SecondSnapshotId: child }),
  );
  assert.deepEqual(
    changed.ChangedBlocks?.map(({ BlockIndex }) => BlockIndex),
    [1],
  );
  const all = await cloud.ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: child }));
  assert.deepEqual(
    all.Blocks?.map(({ BlockIndex }) => BlockIndex),
    [0, 1],
  );
  const { Snapshots } = await cloud.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [child] }));
  assert.equal(Snapshots?.[0]?.Encrypted, true);
});
