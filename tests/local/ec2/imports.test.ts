import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CancelImportTaskCommand,
  DescribeImagesCommand,
  DescribeImportImageTasksCommand,
  DescribeImportSnapshotTasksCommand,
  DescribeSnapshotsCommand,
  ImportImageCommand,
  ImportSnapshotCommand,
} from "@aws-sdk/client-ec2";
import { fatImage, type SiteDisk, siteDisk } from "../machines/disk.ts";
import { eventually, type TestCloud, testCloud } from "./cloud.ts";
import { debianDisk, inScratch, mbrDisk } from "./debian-disk.ts";
import { get, launch, registerImage } from "./launch.ts";

const UserBucket = { S3Bucket: "artefacts", S3Key: "disk.raw" };

/** The disk up to its last written block; the rest of the last GiB is filled up by the import. */
function raw(disk: SiteDisk): Buffer {
  const bytes = Buffer.alloc(disk.volumeGiB * 1024 ** 3);
  for (const { index, data } of disk.blocks) data.copy(bytes, index * data.length);
  return bytes;
}

async function importImage({ ec2 }: TestCloud) {
  const started = await ec2.send(new ImportImageCommand({ DiskContainers: [{ Format: "RAW", UserBucket }] }));
  const ImportTaskIds = [String(started.ImportTaskId)];
  const { ImportImageTasks } = await eventually(
    () => ec2.send(new DescribeImportImageTasksCommand({ ImportTaskIds })),
    (answer) => !["active", "deleting"].includes(answer.ImportImageTasks?.[0]?.Status ?? ""),
  );
  return ImportImageTasks?.[0];
}

test("ImportSnapshot copies a raw disk that then boots", async () => {
  await using cloud = await testCloud();
  cloud.objects.set("artefacts/disk.raw", raw(await siteDisk({ release: 4 })));
  const input = { ClientToken: "one", DiskContainer: { Format: "RAW", UserBucket } };
  const started = await cloud.ec2.send(new ImportSnapshotCommand(input));
  assert.equal(started.SnapshotTaskDetail?.Status, "active");
  assert.equal(started.SnapshotTaskDetail?.SnapshotId, "", "there is one only when the task has ended");
  const again = await cloud.ec2.send(new ImportSnapshotCommand(input));
  assert.equal(again.ImportTaskId, started.ImportTaskId);
  await assert.rejects(cloud.ec2.send(new ImportSnapshotCommand({ ...input, Description: "x" })), {
    name: "IdempotentParameterMismatch",
  });
  const { ImportSnapshotTasks } = await eventually(
    () =>
      cloud.ec2.send(
        new DescribeImportSnapshotTasksCommand({ ImportTaskIds: [String(started.ImportTaskId)] }),
      ),
    (answer) => answer.ImportSnapshotTasks?.[0]?.SnapshotTaskDetail?.Status === "completed",
  );
  const snapshotId = String(ImportSnapshotTasks?.[0]?.SnapshotTaskDetail?.SnapshotId);
  const { PublicIpAddress } = await launch(cloud, await registerImage(cloud.ec2, snapshotId));
  assert.equal((await get(PublicIpAddress, "/")).body, "<p>release 4</p>");
});

test("ImportImage refuses disks without a system it knows, and leaves nothing behind", async () => {
  await using cloud = await testCloud();
  cloud.objects.set("artefacts/disk.raw", raw(await siteDisk({ release: 4 })));
  const refused = await importImage(cloud);
  assert.deepEqual(
    [refused?.Status, refused?.StatusMessage],
    ["deleted", "ClientError: Unknown OS / Missing OS files."],
  );
  cloud.objects.set("artefacts/disk.raw", Buffer.alloc(3 * 1024 * 1024, 7));
  const empty = await importImage(cloud);
  assert.equal(empty?.StatusMessage, "ClientError: No valid partitions. Not a valid volume.");
  cloud.objects.delete("artefacts/disk.raw");
  const missing = await importImage(cloud);
  assert.match(String(missing?.StatusMessage), /do not have access to the given resource/);
  assert.deepEqual(
    (await cloud.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }))).Snapshots,
    [],
  );
});

test("ImportImage takes a disk whose EFI partition names a distribution", async () => {
  await using cloud = await testCloud();
  const files = ["EFI/BOOT/BOOTX64.EFI", "EFI/debian/grubx64.efi"];
  cloud.objects.set(
    "artefacts/disk.raw",
    mbrDisk(await inScratch((directory) => fatImage(directory, files))),
  );
  const task = await importImage(cloud);
  assert.equal(task?.Status, "completed");
  const { Images } = await cloud.ec2.send(new DescribeImagesCommand({ ImageIds: [String(task?.ImageId)] }));
  assert.equal(Images?.[0]?.State, "available");
});

test("ImportImage takes a disk whose ext4 has /etc/os-release", async () => {
  await using cloud = await testCloud();
  cloud.objects.set("artefacts/disk.raw", await debianDisk());
  assert.equal((await importImage(cloud))?.Status, "completed");
});

test("a task is cancelled, and one that a restart interrupts is taken up again", async () => {
  await using cloud = await testCloud();
  cloud.objects.set("artefacts/disk.raw", raw(await siteDisk({ release: 4 })));
  const begin = async () => {
    const started = await cloud.ec2.send(
      new ImportSnapshotCommand({ DiskContainer: { Format: "RAW", UserBucket } }),
    );
    return String(started.ImportTaskId);
  };
  const ended = async (id: string) => {
    const { ImportSnapshotTasks } = await eventually(
      () => cloud.ec2.send(new DescribeImportSnapshotTasksCommand({ ImportTaskIds: [id] })),
      (answer) =>
        !/active|deleting/.test(String(answer.ImportSnapshotTasks?.[0]?.SnapshotTaskDetail?.Status)),
    );
    return ImportSnapshotTasks?.[0]?.SnapshotTaskDetail?.Status;
  };
  const cancelled = await begin();
  await cloud.ec2.send(new CancelImportTaskCommand({ ImportTaskId: cancelled }));
  assert.equal(await ended(cancelled), "deleted");
  const interrupted = await begin();
  await cloud.restart();
  assert.equal(await ended(interrupted), "completed");
  await assert.rejects(cloud.ec2.send(new CancelImportTaskCommand({ ImportTaskId: interrupted })), {
    name: "IncorrectState",
  });
});
