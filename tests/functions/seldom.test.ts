import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { EBSClient, StartSnapshotCommand } from "@aws-sdk/client-ebs";
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  ImportImageCommand,
  ImportSnapshotCommand,
  RegisterImageCommand,
  RunInstancesCommand,
  type Tag,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import type { Input, StateName } from "../../lib/contracts.ts";
import { bootKey, bootRecordKey, chainKey, privateKeyKey } from "../../lib/releases/object-keys.ts";
import type { Live, Release } from "../../lib/releases/records.ts";
import { AwsError } from "../../local/service.ts";
import { quickBuildOfSystem } from "../kit/package.ts";
import { skewedClock } from "../kit/skewed-clock.ts";
import { TestStack } from "../kit/stack.ts";
import { ByHand, eventually, failure, idleExecution, settingOf, there, withSettings } from "./by-hand.ts";

/**
 * What the functions seldom have to do, with the roles that they have: each of these permissions is used here,
 * or nowhere. The tests build on each other, in this order.
 */
describe("seldom", { timeout: 300_000 }, () => {
  let stack: TestStack;
  let ec2: EC2Client;
  let s3: S3Client;
  let sfn: SFNClient;
  let deployment: ByHand;
  /** Told of every call as "role service action". */
  let beforeCall = (_call: string): void => {};

  before(async () => {
    stack = await TestStack.start({
      sources: quickBuildOfSystem,
      onCall: ({ service, action, caller }) =>
        beforeCall(`${caller.arn.split("/").at(-1)} ${service} ${action}`),
    });
    ec2 = new EC2Client(stack.sdk);
    s3 = new S3Client(stack.sdk);
    sfn = new SFNClient(stack.sdk);
    // Retiring is invoked by hand here.
    withSettings(stack, "commit", { DRAIN_SECONDS: "3600" });
    withSettings(stack, "start-import", { IMPORT_MODE: "snapshot" }, "start-import-snapshot");
  });
  after(async () => {
    for (const client of [ec2, s3, sfn]) client?.destroy();
    await stack?.stop();
  });

  it("reconcile: asks whether the deployment that has the turn is alive", async () => {
    const [ended] = await stack.settleAfter(async () => {
      await stack.put(stack.content, "index.html", "<h1>one</h1>");
      await eventually("a deployment is under way", async () => {
        const { did } = (await stack.invoke("reconcile", {})) as { did: string };
        return did === "nothing: a deployment is under way" ? did : undefined;
      });
    });
    assert.equal(ended?.outcome, "live", JSON.stringify(ended));
  });

  it("settle: goes on when its request was worked off meanwhile", async () => {
    deployment = await ByHand.begin(stack);
    await deployment.upload({ "large.bin": randomBytes(9 * 1024 * 1024).toString("base64") });
    const { request } = deployment;
    await stack.delete(stack.state, request.key);
    assert.deepEqual((await deployment.settle()).request, request);
    await deployment.plan();
    await deployment.build();
  });

  it("pack-site, start-import: an upload that fails half-way leaves no parts behind", async () => {
    const failsHalfWay = async (step: () => Promise<unknown>) => {
      let parts = 0;
      beforeCall = (call) => {
        if (!/ s3 PUT \S+\/(archives|imports)\//.test(call)) return;
        parts += 1;
        if (parts > 1) throw new AwsError("InvalidRequest", "The test refuses this part.");
      };
      await assert.rejects(step(), /The test refuses this part/);
      beforeCall = () => {};
      const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket: stack.state }));
      assert.deepEqual(Uploads ?? [], []);
    };
    await failsHalfWay(() => deployment.pack());
    await deployment.pack();
    await failsHalfWay(() => deployment.startImport("start-import-snapshot"));
  });

  it("start-import: what took minutes to upload is not imported when the turn went on meanwhile", async () => {
    const lock = there(await stack.read("turn/lock.json"));
    let gone = false;
    beforeCall = (call) => {
      if (gone || !/ s3 PUT \S+\/imports\//.test(call)) return;
      void stack.delete(stack.state, "turn/lock.json").then(() => {
        gone = true;
      });
      throw new AwsError("SlowDown", "The test has the turn taken away first.", 503);
    };
    await assert.rejects(
      deployment.startImport("start-import-snapshot"),
      failure("TurnLost", /lost its turn; it changes/),
    );
    beforeCall = () => {};
    assert.deepEqual(tasks(), {});
    await stack.put(stack.state, "turn/lock.json", lock);
  });

  it("register-image: takes over the image that an import made of a disk with a system", async () => {
    const { execution, boot, release } = deployment;
    const partition = await stack.bytes(bootKey(boot.build));
    await stack.put(stack.state, "imports/system.raw", Buffer.concat([partitionTable(partition), partition]));
    const { ImportTaskId: task = "" } = await ec2.send(
      new ImportImageCommand({ DiskContainers: [disk()], RoleName: importRole() }),
    );
    await eventually("the import ends", async () => tasks()[task]?.status === "completed" || undefined);
    const imageId = there(tasks()[task]?.imageId);
    const image = await deployment.step("register-image", { execution, release, imported: { imageId } });
    const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [image.snapshotId] }));
    for (const { Tags } of [there(Images?.[0]), there(Snapshots?.[0])])
      assert.equal(Tags?.find(({ Key }) => Key === "mirage-pages:release")?.Value, String(release));
  });

  it("undo: ends imports that are under way", async () => {
    const Tags = [
      { Key: "mirage-pages:stack", Value: "mirage-pages-prod" },
      { Key: "mirage-pages:release", Value: String(deployment.release) },
    ];
    const tagged = (ResourceType: "import-snapshot-task" | "import-image-task") => ({
      RoleName: importRole(),
      TagSpecifications: [{ ResourceType, Tags }],
    });
    const { ImportTaskId: first = "" } = await ec2.send(
      new ImportSnapshotCommand({ DiskContainer: disk(), ...tagged("import-snapshot-task") }),
    );
    const { ImportTaskId: second = "" } = await ec2.send(
      new ImportImageCommand({ DiskContainers: [disk()], ...tagged("import-image-task") }),
    );
    for (const id of [first, second]) {
      await eventually("the import ends", async () => tasks()[id]?.status === "completed" || undefined);
      // On AWS it takes minutes, here no time: it is not over yet.
      there(tasks()[id]).status = "active";
    }
    const { execution, listing } = deployment;
    await deployment.step("undo", { execution, listing, failure: { Error: "Fault", Cause: "a test" } });
    assert.deepEqual([tasks()[first]?.status, tasks()[second]?.status], ["deleting", "deleting"]);
  });

  it("every function that changes something is stopped by TurnLost when nobody has the turn", async () => {
    const { execution, release, listing, archive, boot, certificate } = deployment;
    const { image, instanceId } = there(await stack.live());
    await stack.delete(stack.state, "turn/lock.json");
    const inputs: { readonly [N in StateName]?: Input<N> } = {
      "adopt-listing": { execution, release, listing, archive },
      "start-import": { execution, release, archive, boot, certificate },
      "register-image": { execution, release, imported: { snapshotId: image.snapshotId } },
      "launch-instance": { execution, release, attempt: 1, image },
      "start-machine": { execution, instanceId, since: new Date().toISOString() },
      "discard-machine": { execution, release, attempt: 1, instanceId, failure: { Error: "e", Cause: "c" } },
      "move-address": { execution, instanceId },
      commit: { execution, release, listing, archive, boot, certificate, image, instanceId },
      undo: { execution, listing, failure: { Error: "e", Cause: "c" } },
    };
    for (const [name, input] of Object.entries(inputs))
      await assert.rejects(stack.invoke(name, input), failure("TurnLost", /lost its turn; it changes/), name);
  });

  it("poll-build: a build that leaves no boot partition is BuildFailed", async () => {
    const build = "0".repeat(64);
    const projectName = settingOf(stack, "start-build", "BUILD_PROJECT");
    const { ids } = JSON.parse(
      await stack.aws("codebuild", "list-builds-for-project", "--project-name", projectName),
    ) as { ids: string[] };
    await assert.rejects(
      deployment.step("poll-build", { build, buildId: there(ids[0]) }),
      failure("BuildFailed", new RegExp(`left no boot/${build}/boot.img`)),
    );
  });

  it("retire: removes boot partitions and certificates that no release needs, and starts what was asked for meanwhile", async () => {
    // A boot partition that nobody records, and the certificate of a release that failed.
    const digest = "0".repeat(64);
    const second = JSON.parse(there(await stack.read("releases/000002.json"))) as Release;
    const failed = { ...second, certificate: { ...second.certificate, serial: "00aa" } };
    await stack.put(stack.state, "releases/000002.json", JSON.stringify(failed));
    const stale = [
      ...[bootKey(digest), bootRecordKey(digest), chainKey("00aa"), privateKeyKey("00aa")],
      "imports/000000.raw",
    ];
    for (const key of stale) await stack.put(stack.state, key, "{}");
    deployment = await ByHand.begin(stack);
    const ended = await stack.settleAfter(async () => {
      // Back to what is live: the deployment that retire starts will find nothing to do.
      await stack.delete(stack.content, "large.bin");
      await eventually("it is asked for", () => stack.read("requests/content.json"));
      // Nobody has the turn now, and nobody has been started for what waits.
      await stack.delete(stack.state, "turn/lock.json");
      const execution = await idleExecution(stack);
      const { objects } = await deployment.step("retire", { execution, drainSeconds: 0 });
      for (const key of stale) assert.ok(objects.includes(key), key);
    });
    for (const key of stale) assert.equal(await stack.read(key), undefined, key);
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["nothing"],
      JSON.stringify(ended),
    );
  });

  it("retire: leaves alone what other stacks, people and services have in the account, however it is named", async () => {
    const live = JSON.parse(there(await stack.read("live.json"))) as Live;
    const ebs = new EBSClient(stack.sdk);
    // Named as ours are, with tags of another stack, with half of ours, and with none.
    const owners: Tag[][] = [
      [{ Key: "mirage-pages:stack", Value: "mirage-pages-prod-2" }],
      [{ Key: "mirage-pages:stack", Value: "mirage-pages" }],
      [{ Key: "mirage-pages:stack", Value: "MIRAGE-PAGES-PROD" }],
      [{ Key: "Mirage-Pages:Stack", Value: "mirage-pages-prod" }],
      [{ Key: "mirage-pages:release", Value: "1" }],
      [],
    ];
    const theirs: { instance: string; image: string; snapshot: string }[] = [];
    for (const [i, owner] of owners.entries()) {
      const Tags = [{ Key: "Name", Value: `mirage-pages-prod-000099-${i}` }, ...owner];
      const image = await ec2.send(
        new RegisterImageCommand({
          Name: `mirage-pages-prod-000099-${i}`,
          ...{ Architecture: "x86_64", VirtualizationType: "hvm", BootMode: "uefi", EnaSupport: true },
          RootDeviceName: "/dev/xvda",
          BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId: live.image.snapshotId } }],
          TagSpecifications: [{ ResourceType: "image", Tags }],
        }),
      );
      const { SnapshotId } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Tags }));
      const { Instances } = await ec2.send(
        new RunInstancesCommand({
          ...{ ImageId: image.ImageId, InstanceType: "t3.nano", MinCount: 1, MaxCount: 1 },
          SubnetId: settingOf(stack, "launch-instance", "SUBNETS").split(",")[0],
          TagSpecifications: [{ ResourceType: "instance", Tags }],
        }),
      );
      theirs.push({
        instance: there(Instances?.[0]?.InstanceId),
        image: there(image.ImageId),
        snapshot: there(SnapshotId),
      });
    }
    ebs.destroy();
    const execution = await idleExecution(stack);
    const gone = await deployment.step("retire", { execution, drainSeconds: 0 });
    const touched = [...gone.stopped, ...gone.terminated, ...gone.images, ...gone.snapshots];
    const all = theirs.flatMap((one) => Object.values(one));
    assert.deepEqual(
      touched.filter((id) => all.includes(id)),
      [],
    );
    const { Images } = await ec2.send(
      new DescribeImagesCommand({ ImageIds: theirs.map(({ image }) => image) }),
    );
    assert.equal(Images?.length, owners.length);
    const SnapshotIds = theirs.map(({ snapshot }) => snapshot);
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds }));
    assert.equal(Snapshots?.length, owners.length);
    const InstanceIds = theirs.map(({ instance }) => instance);
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
    const states = Reservations?.flatMap(({ Instances }) => Instances ?? []).map(({ State }) => State?.Name);
    assert.ok(states?.length === owners.length && !states.includes("terminated"), `${states}`);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  });

  it("retire: ends what a killed function had begun to upload in parts, an hour later, and nobody else's uploads", async () => {
    const other = "somebody-elses-bucket";
    await s3.send(new CreateBucketCommand({ Bucket: other }));
    const own = ["archives/half.tar", "imports/000099.raw"];
    const strange = [[stack.state, "notes/half.tar"] as const, ...own.map((key) => [other, key] as const)];
    for (const [Bucket, Key] of [...own.map((key) => [stack.state, key] as const), ...strange]) {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: "half of it" }));
    }
    const open = async () => {
      const lists = [stack.state, other].map((Bucket) =>
        s3.send(new ListMultipartUploadsCommand({ Bucket })),
      );
      const uploads = (await Promise.all(lists)).map(({ Uploads = [] }) => Uploads.map(({ Key }) => Key));
      return uploads.map((keys) => keys.sort());
    };
    const retire = async () =>
      deployment.step("retire", { execution: await idleExecution(stack), drainSeconds: 0 });
    assert.deepEqual((await retire()).uploads, []);
    assert.deepEqual(await open(), [[...own, "notes/half.tar"], own], "a function may be at it still");
    withSettings(stack, "retire", { NODE_OPTIONS: skewedClock(61 * 60_000) });
    assert.deepEqual((await retire()).uploads, own);
    assert.deepEqual((await retire()).uploads, []);
    withSettings(stack, "retire", { NODE_OPTIONS: "" });
    assert.deepEqual(await open(), [["notes/half.tar"], own]);
  });

  it("retire: cancels imports of its own that nobody goes on with, and leaves strangers' imports and keys alone", async () => {
    const RoleName = importRole();
    const partition = await stack.bytes(bootKey(there(await stack.live()).boot.build));
    await stack.put(stack.state, "imports/system.raw", Buffer.concat([partitionTable(partition), partition]));
    const imports = async (Tags: Tag[]) => {
      const tagged = (ResourceType: "import-snapshot-task" | "import-image-task") => ({
        TagSpecifications: Tags.length === 0 ? [] : [{ ResourceType, Tags }],
      });
      const { ImportTaskId: snapshot = "" } = await ec2.send(
        new ImportSnapshotCommand({ RoleName, DiskContainer: disk(), ...tagged("import-snapshot-task") }),
      );
      const { ImportTaskId: image = "" } = await ec2.send(
        new ImportImageCommand({ RoleName, DiskContainers: [disk()], ...tagged("import-image-task") }),
      );
      return [snapshot, image];
    };
    const release = { Key: "mirage-pages:release", Value: "99" };
    const own = await imports([{ Key: "mirage-pages:stack", Value: "mirage-pages-prod" }, release]);
    const strange = [
      ...(await imports([{ Key: "mirage-pages:stack", Value: "mirage-pages-prod-2" }, release])),
      ...(await imports([release])),
      ...(await imports([])),
    ];
    for (const id of [...own, ...strange]) {
      await eventually("the import ends", async () => tasks()[id]?.status === "completed" || undefined);
      // On AWS it takes minutes, here no time: it is not over yet.
      there(tasks()[id]).status = "active";
    }
    const key = "keys/00bb.pem";
    const secrets = [
      [stack.state, key],
      ["somebody-elses-bucket", key],
    ] as const;
    for (const [bucket, name] of secrets) await stack.put(bucket, name, "a private key");
    const snapshots = Object.keys(stack.cloud.ec2.state.snapshots);
    await deployment.step("retire", { execution: await idleExecution(stack), drainSeconds: 0 });
    const statuses = (ids: readonly string[]) => new Set(ids.map((id) => tasks()[id]?.status));
    assert.deepEqual([statuses(own), statuses(strange)], [new Set(["deleting"]), new Set(["active"])]);
    const imported = strange.flatMap((id) => tasks()[id]?.snapshotId ?? []);
    assert.ok(imported.length > 0 && imported.every((id) => snapshots.includes(id)));
    for (const id of imported) assert.ok(stack.cloud.ec2.state.snapshots[id], `${id} stays`);
    for (const [bucket, name] of secrets) assert.deepEqual(await stack.keys(bucket, name), [name]);
  });

  it("reconcile: sweeps once an hour, when the last release has surely drained", async () => {
    const live = JSON.parse(there(await stack.read("live.json"))) as { since: string };
    const sweeps = async () => {
      const { executions } = await sfn.send(
        new ListExecutionsCommand({ stateMachineArn: stack.machineArn("retire") }),
      );
      return (executions ?? []).filter(({ name }) => name?.startsWith("sweep-")).length;
    };
    const idle = { did: "nothing: what is live is what should be" };
    const before = await sweeps();
    assert.deepEqual(await stack.invoke("reconcile", {}), idle);
    assert.equal(await sweeps(), before);
    const since = new Date(Date.now() - 3_600_000).toISOString();
    await stack.put(stack.state, "live.json", JSON.stringify({ ...live, since }));
    for (const _ of [1, 2]) {
      // A sweep that is on its way takes the turn for its moment.
      await eventually("reconcile finds nothing to do", async () =>
        isDeepStrictEqual(await stack.invoke("reconcile", {}), idle) ? true : undefined,
      );
    }
    assert.equal(await sweeps(), before + 1);
  });

  it("self-sign-certificate: makes the first certificate", async () => {
    const { execution } = deployment;
    await stack.delete(stack.state, "certificates/current.json");
    const { certificate } = await deployment.step("self-sign-certificate", { execution });
    assert.equal(certificate.selfSigned, true);
    const kept = JSON.parse(there(await stack.read("certificates/current.json"))) as { serial: string };
    assert.equal(kept.serial, certificate.serial);
  });

  it("take-turn, deploy-certificate: ask whether the deployment that holds the turn is alive", async () => {
    const input = { stateMachineArn: stack.machineArn("deploy"), input: "{}" };
    const { executionArn: owner } = await sfn.send(new StartExecutionCommand(input));
    await eventually("the deployment ends", async () => {
      const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn: owner }));
      return status === "RUNNING" ? undefined : status;
    });
    const takenAt = new Date().toISOString();
    await stack.put(stack.state, "turn/lock.json", JSON.stringify({ owner, takenAt }));
    const { turn, message } = await deployment.takeTurn();
    assert.equal(turn, "wait");
    assert.match(message, /last owner died/);
    await deployment.step("deploy-certificate", { execution: deployment.execution });
    const { executions } = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn: stack.machineArn("deploy"), statusFilter: "RUNNING" }),
    );
    assert.match(there(executions?.[0]?.name), /^certificate-take-over-/);
  });

  const tasks = () => stack.cloud.ec2.state.importTasks;
  const importRole = () => settingOf(stack, "start-import", "IMPORT_ROLE");
  const disk = () => ({
    Format: "RAW",
    UserBucket: { S3Bucket: stack.state, S3Key: "imports/system.raw" },
  });
});

/** A megabyte whose MBR says that an EFI partition follows it. */
function partitionTable(partition: Buffer): Buffer {
  const table = Buffer.alloc(2 ** 20);
  table[450] = 0xef;
  table.writeUInt32LE(table.length / 512, 454);
  table.writeUInt32LE(partition.length / 512, 458);
  table.writeUInt16LE(0xaa55, 510);
  return table;
}
