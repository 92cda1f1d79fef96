import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { EBSClient, ListSnapshotBlocksCommand } from "@aws-sdk/client-ebs";
import {
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  ImportSnapshotCommand,
} from "@aws-sdk/client-ec2";
import { S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { verifyArchive } from "../../cli/archive/verify.ts";
import { rawDiskKey } from "../../lib/disk/assemble.ts";
import { readPartitions } from "../../lib/disk/partitions.ts";
import { bufferSource, fileSource } from "../../lib/disk/source.ts";
import { AwsError } from "../../local/service.ts";
import { quickBuildOfSystem } from "../kit/package.ts";
import { get } from "../kit/site.ts";
import { TestStack } from "../kit/stack.ts";
import { debianDisk } from "../local/ec2/debian-disk.ts";
import { ByHand, failure, settingOf, there, withSettings } from "./by-hand.ts";

const MIB = 2 ** 20;
const BLOCK = 512 * 1024;
/** Sixteen MiB of content, of which three are zeros: holes of the disk. */
const SITE = {
  "index.html": "<h1>modes</h1>",
  "noise.bin": noise(13 * MIB),
  "zeros.bin": "\0".repeat(3 * MIB),
};

/**
 * How a disk comes to EC2 in each import mode, and what is in the way of it. The archive is packed once; each
 * test writes it as a release of its own, as the state machine would.
 */
describe("import modes", { timeout: 300_000 }, () => {
  let stack: TestStack;
  let ec2: EC2Client;
  let ebs: EBSClient;
  let deployment: ByHand;
  /** Called with each block that is to be written. */
  let onBlock = async (_path: string): Promise<void> => {};
  let written: string[] = [];

  before(async () => {
    stack = await TestStack.start({
      onCall: async ({ service, action }) => {
        if (service !== "ebs" || !action.startsWith("PUT ")) return;
        written.push(action);
        await onBlock(action);
      },
    });
    ec2 = new EC2Client(stack.sdk);
    ebs = new EBSClient(stack.sdk);
    withSettings(stack, "start-import", { IMPORT_MODE: "image" }, "start-import-image");
    deployment = await ByHand.begin(stack);
    await deployment.upToArchive(SITE);
  });
  after(async () => {
    for (const client of [ec2, ebs]) client?.destroy();
    await stack?.stop();
  });

  /** Writes the disk of a release; what happens to each block is up to the test. */
  async function importAs(release: number, block: typeof onBlock = async () => {}, as = "start-import") {
    [written, onBlock] = [[], block];
    const { execution, archive, boot, certificate } = deployment;
    return deployment.step("start-import", { execution, release, archive, boot, certificate }, as);
  }

  async function poll(release: number, started: Awaited<ReturnType<typeof importAs>>) {
    const { mode, importId, startedAt } = started;
    for (let look = 0; look < 5; look += 1) {
      const task = await deployment.step("poll-import", { release, mode, importId, startedAt });
      if (task.done) return task;
    }
    throw new Error("The import did not end.");
  }

  async function snapshotsOf(release: number) {
    const Filters = [{ Name: "tag:mirage-pages:release", Values: [String(release)] }];
    return (await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters }))).Snapshots ?? [];
  }

  /** Reads the site partition back and compares it with the archive that was to be written. */
  async function assertWhole(snapshotId: string): Promise<void> {
    const disk = await open(join(stack.dataDir, "ec2/snapshots", `${snapshotId}.raw`));
    try {
      const source = fileSource(disk, (await disk.stat()).size);
      const { offset } = there((await readPartitions(source)).find(({ name }) => name === "site"));
      const { bytes, digest } = deployment.archive;
      const found = await verifyArchive(bufferSource(await source.read(offset, bytes)), digest);
      assert.deepEqual(found.problems, []);
    } finally {
      await disk.close();
    }
  }

  it("direct: sixteen blocks or more are in flight, and holes are not written", async () => {
    let [inFlight, most] = [0, 0];
    const started = await importAs(101, async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      // Nobody goes on until sixteen are there, or ten seconds have shown that they do not come.
      for (let waited = 0; most < 16 && waited < 10_000; waited += 20) await pause(20);
      inFlight -= 1;
    });
    const snapshotId = there((await poll(101, started)).snapshotId);
    assert.ok(most >= 16 && most <= 32, `${most} blocks in flight`);
    assert.equal(started.writtenBytes, written.length * BLOCK);
    const { Blocks } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: snapshotId }));
    assert.equal(Blocks?.length, written.length, "each block is written once");
    // The tables, the boot partition, the identity; 13 MiB of noise; some of the zeros share blocks.
    assert.ok(written.length >= 26 && written.length <= 34, `${written.length} blocks`);
    await assertWhole(snapshotId);
  });

  it("direct: a snapshot that does not exist yet is waited for", async () => {
    const refused = new Set<string>();
    const started = await importAs(102, async (path) => {
      if (refused.size >= 5 || refused.has(path)) return;
      refused.add(path);
      const message = "The snapshot does not exist.";
      throw new AwsError("ResourceNotFoundException", message, 404, { Reason: "SNAPSHOT_NOT_FOUND" });
    });
    assert.equal(refused.size, 5);
    await assertWhole(there((await poll(102, started)).snapshotId));
  });

  it("direct: throttled blocks are written later", async () => {
    let calls = 0;
    const started = await importAs(103, async () => {
      calls += 1;
      if (calls % 4 === 0)
        throw new AwsError("RequestThrottledException", "Rate exceeded", 400, {
          Reason: "RESOURCE_REQUEST_LIMIT",
        });
    });
    assert.ok(calls > written.length / 2 && calls >= 8);
    await assertWhole(there((await poll(103, started)).snapshotId));
  });

  it("direct: what is denied is not tried again", async () => {
    await assert.rejects(
      importAs(104, async () => {
        throw new AwsError("AccessDeniedException", "User is not authorized", 403);
      }),
      failure("AccessDeniedException", /not authorized/),
    );
    assert.ok(written.length <= 32, `${written.length} calls: only what was in flight`);
    assert.equal(new Set(written).size, written.length);
  });

  it("direct: a run that is killed in the middle is finished by the next one, in the same snapshot", async () => {
    const { functions } = stack.cloud;
    const config = functions.find("mirage-pages-prod-start-import");
    functions.define({ ...config, name: "mirage-pages-prod-start-import-short", timeoutSeconds: 10 });
    let [count, killed] = [0, false];
    const half = async () => {
      count += 1;
      while (count > 12 && !killed) await pause(50);
    };
    await assert.rejects(
      importAs(105, half, "start-import-short"),
      failure("Sandbox.Timedout", /timed out after 10/),
    );
    killed = true;
    assert.ok(count > 12, `${count} blocks had come`);
    const [begun, ...others] = await snapshotsOf(105);
    assert.deepEqual([begun?.State, others], ["pending", []]);
    const started = await importAs(105);
    assert.equal(started.importId, begun?.SnapshotId);
    const { snapshotId } = await poll(105, started);
    await assertWhole(there(snapshotId));
    assert.equal((await snapshotsOf(105)).length, 1);
    assert.equal((await importAs(105)).importId, started.importId, "a third run finds it completed");
    assert.equal(written.length, 0);
  });

  it("snapshot: a task that EC2 gives up is told in its words, with the mode to choose", async () => {
    const UserBucket = { S3Bucket: stack.state, S3Key: rawDiskKey(106) };
    const RoleName = settingOf(stack, "start-import", "IMPORT_ROLE");
    const { ImportTaskId: importId = "" } = await ec2.send(
      new ImportSnapshotCommand({ RoleName, DiskContainer: { Format: "RAW", UserBucket } }),
    );
    const startedAt = new Date().toISOString();
    await assert.rejects(
      deployment.step("poll-import", { release: 106, mode: "snapshot", importId, startedAt }),
      failure(
        "ImportFailed",
        /ImportSnapshot refused the disk .*Disk validation failed.*404 Not Found.*importMode=direct/,
      ),
    );
  });

  it("image: a disk with a system that is known becomes an image that can be launched", async () => {
    await uploadRaw(rawDiskKey(107), await debianDisk());
    const started = await importAs(107, undefined, "start-import-image");
    assert.match(started.importId, /^import-ami-/);
    const imported = await poll(107, started);
    assert.match(imported.imageId ?? "", /^ami-/);
    assert.deepEqual(await stack.keys(stack.state, "imports/"), [], "the raw disk is gone");
    const { execution } = deployment;
    const image = await deployment.step("register-image", { execution, release: 107, imported });
    assert.equal(image.imageId, imported.imageId);
    assert.deepEqual(
      (await snapshotsOf(107)).map(({ SnapshotId }) => SnapshotId),
      [image.snapshotId],
      "it bears the release's tags",
    );
    const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [image.imageId] }));
    assert.equal(Images?.[0]?.Tags?.find(({ Key }) => Key === "mirage-pages:release")?.Value, "107");
    const launched = await deployment.step("launch-instance", { execution, release: 107, attempt: 1, image });
    assert.match(launched.instanceId, /^i-/);
  });

  /** Puts a disk of one GiB where start-import would put the release's; it finds that and imports it. */
  async function uploadRaw(Key: string, disk: Buffer): Promise<void> {
    const client = new S3Client(stack.sdk);
    const pieces = function* () {
      yield disk;
      for (let rest = 1024 * MIB - disk.length; rest > 0; rest -= 8 * MIB)
        yield Buffer.alloc(Math.min(rest, 8 * MIB));
    };
    const Body = Readable.from(pieces(), { objectMode: false });
    try {
      await new Upload({ client, params: { Bucket: stack.state, Key, Body }, partSize: 16 * MIB }).done();
    } finally {
      client.destroy();
    }
  }
});

describe("a whole deployment", { timeout: 300_000 }, () => {
  it("in modes image and snapshot goes live, from a disk with a system that ImportImage knows", async (t) => {
    const stack = await TestStack.start({ sources: quickBuildOfSystem });
    t.after(() => stack.stop());
    for (const mode of ["image", "snapshot"]) {
      withSettings(stack, "start-import", { IMPORT_MODE: mode });
      const [ended] = await stack.settleAfter(() => stack.put(stack.content, "index.html", mode));
      assert.equal(ended?.outcome, "live", JSON.stringify(ended));
      assert.equal((await get(stack.address, "/")).body, mode);
      assert.deepEqual(await stack.keys(stack.state, "imports/"), [], "the raw disk is gone");
    }
    const kept = (await stack.releases()).map(({ image }) => image);
    assert.deepEqual((await disksOf(stack)).images, kept.map((image) => image?.imageId).sort());
  });

  it("of a unikernel in mode image ends with a refusal that says which mode to choose", async (t) => {
    const stack = await TestStack.start();
    t.after(() => stack.stop());
    withSettings(stack, "start-import", { IMPORT_MODE: "image" });
    const [ended] = await stack.settleAfter(() => stack.put(stack.content, "index.html", "<h1>image</h1>"));
    assert.deepEqual([ended?.status, ended?.error], ["FAILED", "ImportFailed"], JSON.stringify(ended));
    assert.match(
      ended?.cause ?? "",
      /ClientError: Unknown OS \/ Missing OS files\..*importMode=direct \(or snapshot\)/,
    );
    assert.equal(await stack.live(), undefined);
    assert.deepEqual(await stack.keys(stack.state, "imports/"), []);
    assert.deepEqual(await disksOf(stack), { images: [], snapshots: [] });
  });
});

/** Ids of the images and snapshots that bear the stack's tag. */
async function disksOf(stack: TestStack) {
  const ec2 = new EC2Client(stack.sdk);
  try {
    const Filters = [{ Name: "tag:mirage-pages:stack", Values: ["mirage-pages-prod"] }];
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ["self"], Filters }));
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters }));
    const images = Images.map(({ ImageId }) => ImageId).sort();
    return { images, snapshots: Snapshots.map(({ SnapshotId }) => SnapshotId).sort() };
  } finally {
    ec2.destroy();
  }
}

/** Bytes without any order, the same each time. */
function noise(bytes: number): string {
  let text = "";
  for (let i = 0; text.length < bytes; i += 1) text += createHash("sha512").update(String(i)).digest("hex");
  return text.slice(0, bytes);
}
