import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CodeBuildClient, StartBuildCommand } from "@aws-sdk/client-codebuild";
import { EBSClient, PutSnapshotBlockCommand, StartSnapshotCommand } from "@aws-sdk/client-ebs";
import {
  AssociateAddressCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DisassociateAddressCommand,
  EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import type { Input, StateName } from "../../lib/contracts.ts";
import { AwsError } from "../../local/service.ts";
import type { Notification } from "../../local/sns/notifications.ts";
import { get, servedRelease } from "../kit/site.ts";
import { TestStack } from "../kit/stack.ts";
import {
  ByHand,
  eventually,
  failure,
  idleExecution,
  settingOf,
  spoilBootPartition,
  there,
  withSettings,
} from "./by-hand.ts";

/**
 * What the functions do when something is in their way, and the functions that clear up. Five releases, made
 * by hand: 1 and 2 become live, 3 fails and is undone, 4 comes by ImportSnapshot, 5 is refused by ImportImage.
 * The tests build on each other, in this order.
 */
describe("functions in trouble", { timeout: 300_000 }, () => {
  let stack: TestStack;
  let ec2: EC2Client;
  let ebs: EBSClient;
  let codebuild: CodeBuildClient;
  let sfn: SFNClient;
  let first: ByHand;
  let second: ByHand;
  let third: ByHand;

  /** EC2 refuses so many launches for want of room in the zone; the SDK itself tries each five times. */
  let launchesRefused = 0;
  /** How often an archive was asked for, in whole or in part. */
  let archiveReads = 0;

  before(async () => {
    stack = await TestStack.start({
      onCall: ({ action }) => {
        if (/^GET \S+\/archives\//.test(action)) archiveReads += 1;
        if (action !== "RunInstances" || launchesRefused === 0) return;
        launchesRefused -= 1;
        const text =
          "We currently do not have sufficient t3.nano capacity in the Availability Zone you requested.";
        throw new AwsError("InsufficientInstanceCapacity", text, 500);
      },
    });
    ec2 = new EC2Client(stack.sdk);
    ebs = new EBSClient(stack.sdk);
    codebuild = new CodeBuildClient(stack.sdk);
    sfn = new SFNClient(stack.sdk);
    // Retiring is invoked by hand here.
    withSettings(stack, "commit", { DRAIN_SECONDS: "3600" });
    first = await ByHand.begin(stack);
    await first.whole({ "index.html": "<h1>one</h1>" });
  });
  after(async () => {
    for (const client of [ec2, ebs, codebuild, sfn]) client?.destroy();
    await stack?.stop();
  });

  const machineStates = async () => {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
    const instances = (Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
    return new Map(instances.map(({ InstanceId, State }) => [InstanceId, State?.Name]));
  };
  const goneOrEnding = (state: string | undefined) =>
    ["shutting-down", "terminated", undefined].includes(state);
  /** Images and snapshots that there are, by release. */
  const disksOf = async (release: number) => {
    const Filters = [{ Name: "tag:mirage-pages:release", Values: [String(release)] }];
    const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ["self"], Filters }));
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters }));
    return { images: Images?.length ?? 0, snapshots: Snapshots?.length ?? 0 };
  };

  it("take-turn: waits a minute for the functions of an owner that was stopped", async () => {
    const dead = await ByHand.begin(stack);
    await sfn.send(new StopExecutionCommand({ executionArn: dead.execution }));
    const turn = await dead.step("take-turn", { execution: await idleExecution(stack) });
    assert.equal(turn.turn, "wait");
    assert.ok((turn.waitSeconds ?? 0) > 50 && (turn.waitSeconds ?? 0) <= 60, `${turn.waitSeconds} s`);
    await dead.end();
  });

  it("start-import: finishes the snapshot of a run that was killed half-way", async () => {
    second = await ByHand.begin(stack);
    await second.upToArchive({ "index.html": "<h1>two</h1>" });
    const name = "mirage-pages-prod-000002-1";
    const { SnapshotId } = await ebs.send(
      new StartSnapshotCommand({
        VolumeSize: 1,
        ClientToken: name,
        Description: "mirage-pages release 2",
        Encrypted: true,
        Timeout: 60,
        Tags: [
          { Key: "Name", Value: name },
          { Key: "mirage-pages:stack", Value: "mirage-pages-prod" },
          { Key: "mirage-pages:release", Value: "2" },
          { Key: "mirage-pages:attempt", Value: "1" },
        ],
      }),
    );
    const data = Buffer.alloc(512 * 1024, "written before the kill");
    await ebs.send(
      new PutSnapshotBlockCommand({
        ...{ SnapshotId, BlockIndex: 0, BlockData: data, DataLength: data.length },
        ...{ Checksum: createHash("sha256").update(data).digest("base64"), ChecksumAlgorithm: "SHA256" },
      }),
    );
    const { importId } = await second.startImport();
    assert.equal(importId, SnapshotId);
    await second.pollImport();
    await second.register();
    await second.launch();
    await second.probe();
    assert.deepEqual(await disksOf(2), { images: 1, snapshots: 1 });
    const { previous } = await second.moveAddress();
    assert.equal(previous, first.machine.instanceId);
    await second.commit();
  });

  /** As a commit leaves it that is killed right after live.json was written. */
  const forgetCommit = async () => {
    const record = there((await stack.releases()).find(({ number }) => number === 2));
    const preparing = JSON.stringify({ ...record, status: "preparing", instanceId: undefined });
    await stack.put(stack.state, "releases/000002.json", preparing);
    return async () =>
      assert.deepEqual(
        (await stack.releases()).find(({ number }) => number === 2),
        record,
      );
  };

  it("undo: what is committed stays, its record says so, and people are told that it is live", async () => {
    const isCompleted = await forgetCommit();
    const { execution, listing } = second;
    const failure = { Error: "AccessDenied", Cause: "No retiring today." };
    const done = await second.step("undo", { execution, listing, failure });
    assert.equal(done.outcome, "live");
    assert.match(done.message, /^Release 2 is live, but .*AccessDenied: No retiring today\./);
    await isCompleted();
    assert.equal(await stack.read("refused.json"), undefined);
    assert.equal(await servedRelease(stack.address), 2);
    assert.equal((await machineStates()).get(second.machine.instanceId), "running");
  });

  it("retire: waits with TurnBusy while somebody else has the turn", async () => {
    const execution = await idleExecution(stack);
    await assert.rejects(
      stack.invoke("retire", { execution, drainSeconds: 0 }),
      failure("TurnBusy", /retiring waits/),
    );
    await second.end();
  });

  it("retire: waits until another run of the same state, which has the turn, is surely over", async () => {
    const owner = await idleExecution(stack);
    const heldFor = (seconds: number) => {
      const takenAt = new Date(Date.now() - seconds * 1000).toISOString();
      return stack.put(stack.state, "turn/lock.json", JSON.stringify({ owner, takenAt, run: "another" }));
    };
    const retire = () => stack.invoke("retire", { execution: owner, drainSeconds: 3600 });
    await heldFor(50);
    await assert.rejects(retire(), failure("TurnBusy", /another run of .* retiring waits/));
    assert.match(there(await stack.read("turn/lock.json")), /"another"/);
    await heldFor(61);
    await retire();
    assert.equal(await stack.read("turn/lock.json"), undefined);
  });

  it("retire: stops the kept release's machine; run again, nothing happens; the turn is free again", async () => {
    const retire = async () =>
      second.step("retire", { execution: await idleExecution(stack), drainSeconds: 0 });
    const isCompleted = await forgetCommit();
    const done = await retire();
    await isCompleted();
    assert.deepEqual(
      { ...done, objects: done.objects.map((key) => key.split("/")[0]) },
      {
        stopped: [first.machine.instanceId],
        terminated: [],
        images: [],
        snapshots: [],
        objects: [],
        abandoned: [],
        uploads: [],
      },
    );
    await eventually("the machine is stopped", async () =>
      (await machineStates()).get(first.machine.instanceId) === "stopped" ? true : undefined,
    );
    assert.deepEqual(await retire(), {
      ...{ stopped: [], terminated: [], images: [], snapshots: [], objects: [], abandoned: [], uploads: [] },
    });
    assert.equal(await stack.read("turn/lock.json"), undefined);
    assert.equal(await servedRelease(stack.address), 2);
  });

  it("pack-site: an object that changed or went after it had been listed is ObjectChanged", async () => {
    third = await ByHand.begin(stack);
    await third.upload({ "index.html": "<h1>three</h1>", "page.html": "page" });
    await third.settle();
    await third.plan();
    await third.build();
    await third.upload({ "page.html": "longer page" });
    await assert.rejects(
      third.pack(),
      failure("ObjectChanged", /^"page\.html" changed while the site was packed/),
    );
    await stack.delete(stack.content, "page.html");
    await assert.rejects(
      third.pack(),
      failure("ObjectChanged", /^"page\.html" changed while the site was packed/),
    );
    await third.settle();
    assert.equal((await third.plan()).release, 3, "the same execution keeps its release");
    await third.pack();
    assert.equal(third.archive.files, 1);
  });

  it("launch-instance: takes the other zone where EC2 has no room in the first; run again, the same machine", async () => {
    await third.startImport();
    await third.pollImport();
    await third.register();
    launchesRefused = 5;
    const { instanceId } = await third.launch();
    const zoneOf = async (id: string) => {
      const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
      return Reservations?.[0]?.Instances?.[0]?.Placement?.AvailabilityZone;
    };
    assert.equal(launchesRefused, 0);
    assert.notEqual(await zoneOf(instanceId), await zoneOf(second.machine.instanceId));
    launchesRefused = 5;
    assert.equal((await third.launch()).instanceId, instanceId);
    launchesRefused = 10;
    await assert.rejects(third.launch(2), failure("TransientFault", /do not have sufficient/));
    assert.equal(launchesRefused, 0);
  });

  it("probe: a machine that answers as another release is WrongAnswer", async () => {
    await third.probe();
    const { expected } = third;
    const { instanceId, launchedAt: since } = third.machine;
    const probe = (change: Partial<Input<"probe">["expected"]>) =>
      third.step("probe", { expected: { ...expected, ...change }, instanceId, since });
    await assert.rejects(
      probe({ release: 99 }),
      failure("WrongAnswer", /answers as release 3 .* release 99 /),
    );
    const certificate = { ...expected.certificate, fingerprint: "0".repeat(64) };
    await assert.rejects(
      probe({ certificate }),
      failure("WrongAnswer", /shows the certificate .* instead of 0000/),
    );
    const other = { ...expected, archive: second.archive };
    await assert.rejects(
      third.step("probe", { expected: other, instanceId, since }),
      failure("WrongAnswer", /with archive/),
    );
  });

  it("probe-address: waits while another machine has the address, then is MachineUnreachable", async () => {
    const { expected } = third;
    const { instanceId } = third.machine;
    const probe = (age: number) =>
      third.step("probe-address", { expected, instanceId, since: new Date(Date.now() - age).toISOString() });
    const { ready, reason } = await probe(0);
    assert.equal(ready, false);
    assert.equal(reason, `${stack.address} is at ${second.machine.instanceId}`);
    await assert.rejects(
      probe(60_001),
      failure("MachineUnreachable", /The new machine does not serve through 127\./),
    );
  });

  it("move-address: leaves the address with a stranger's instance, with AddressTaken", async () => {
    const AllocationId = settingOf(stack, "move-address", "ADDRESS_ALLOCATION");
    const { Instances } = await ec2.send(
      new RunInstancesCommand({
        ...{ ImageId: second.image.imageId, InstanceType: "t3.nano", MinCount: 1, MaxCount: 1 },
        SubnetId: settingOf(stack, "launch-instance", "SUBNETS").split(",")[0],
      }),
    );
    const stranger = there(Instances?.[0]?.InstanceId);
    await eventually("the stranger's instance runs", async () =>
      (await machineStates()).get(stranger) === "running" ? true : undefined,
    );
    await ec2.send(
      new AssociateAddressCommand({ AllocationId, InstanceId: stranger, AllowReassociation: true }),
    );
    await assert.rejects(
      third.moveAddress(),
      failure(
        "AddressTaken",
        new RegExp(`is associated with ${stranger}, which this stack did not launch\\.`),
      ),
    );
    const InstanceId = second.machine.instanceId;
    await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId, AllowReassociation: true }));
  });

  it("every function that changes something is stopped by TurnLost when the turn is somebody else's", async () => {
    const before = await stack.read("releases/000003.json");
    const execution = await idleExecution(stack);
    const { release, listing, archive, boot, certificate, image } = third;
    const { instanceId } = third.machine;
    const inputs: { readonly [N in StateName]?: Input<N> } = {
      "adopt-listing": { execution, release, listing, archive },
      "start-import": { execution, release, archive, boot, certificate },
      "register-image": { execution, release, imported: { snapshotId: image.snapshotId } },
      "launch-instance": { execution, release, attempt: 2, image },
      "start-machine": { execution, instanceId: first.machine.instanceId, since: new Date().toISOString() },
      "discard-machine": { execution, release, attempt: 1, instanceId, failure: { Error: "e", Cause: "c" } },
      "move-address": { execution, instanceId },
      commit: { execution, release, listing, archive, boot, certificate, image, instanceId },
      undo: { execution, listing, failure: { Error: "e", Cause: "c" } },
    };
    for (const [name, input] of Object.entries(inputs)) {
      await assert.rejects(
        stack.invoke(name, input),
        failure("TurnLost", new RegExp(`lost its turn to ${third.execution}; it changes nothing any more`)),
        name,
      );
    }
    assert.equal(await stack.read("releases/000003.json"), before);
    assert.equal((await stack.live())?.release, 2);
    assert.equal(await stack.read("refused.json"), undefined);
    assert.equal((await machineStates()).get(instanceId), "running");
  });

  it("adopt-listing: the live release takes a listing of its own archive over, and of no other", async () => {
    const { execution, release, listing, archive } = third;
    const before = there(await stack.live());
    const adopt = (packed: typeof archive) =>
      third.step("adopt-listing", { execution, release, listing, archive: packed });
    await adopt(archive);
    assert.deepEqual(await stack.live(), before);
    const done = await adopt(second.archive);
    assert.deepEqual(done, { message: "Nothing to do: release 2 serves the same bytes already." });
    assert.deepEqual(await adopt(second.archive), done);
    assert.deepEqual(await stack.live(), { ...before, listing });
    assert.equal((await stack.releases()).find(({ number }) => number === 3)?.status, "unchanged");
  });

  it("discard-machine: keeps the console, terminates the machine, and allows one more", async () => {
    const { execution, release } = third;
    const { instanceId, launchedAt: since } = third.machine;
    const discarded = { execution, release, attempt: 1, instanceId, failure: { Error: "e", Cause: "c" } };
    assert.deepEqual(await third.step("discard-machine", discarded), { attempt: 2 });
    assert.deepEqual(await third.step("discard-machine", discarded), { attempt: 2 });
    assert.match(there(await stack.read("consoles/000003-1.log")), /release=3/);
    assert.ok(goneOrEnding((await machineStates()).get(instanceId)));
    await assert.rejects(
      third.step("probe", { expected: third.expected, instanceId, since }),
      failure("MachineUnreachable", /went down while it was booting/),
    );
  });

  it("probe, discard-machine: a machine that does not boot is given up, and its console told", async () => {
    await spoilBootPartition(join(stack.dataDir, "ec2/snapshots", `${third.image.snapshotId}.raw`));
    const { execution, release, expected } = third;
    const { instanceId, attempt } = await third.launch(2);
    const probe = (age: number) =>
      third.step("probe", { expected, instanceId, since: new Date(Date.now() - age).toISOString() });
    await eventually("the machine runs", async () =>
      (await machineStates()).get(instanceId) === "running" ? true : undefined,
    );
    const readBefore = archiveReads;
    assert.equal((await probe(0)).ready, false);
    assert.equal(
      archiveReads - readBefore,
      2,
      "however often it looked: the end of the archive, and its index",
    );
    const unreachable = await probe(20_001).then(
      () => assert.fail("it answered"),
      (error: Error) => error,
    );
    assert.equal(unreachable.name, "MachineUnreachable");
    assert.match(unreachable.message, /did not answer within 20 s/);
    const told = { Error: unreachable.name, Cause: JSON.stringify({ errorMessage: unreachable.message }) };
    await assert.rejects(
      third.step("discard-machine", { execution, release, attempt, instanceId, failure: told }),
      failure(
        "MachineUnreachable",
        /did not answer within 20 s .* 2 machines were tried\. The console's last lines:\n.*No bootable option/s,
      ),
    );
  });

  it("undo: takes everything of the release back, is as good run twice, and remembers what was refused", async () => {
    const { execution, listing } = third;
    const { instanceId } = await third.launch(3);
    await eventually("the machine runs", async () =>
      (await machineStates()).get(instanceId) === "running" ? true : undefined,
    );
    await third.moveAddress();
    const cause = JSON.stringify({
      errorType: "WrongAnswer",
      errorMessage: "It answers wrongly.",
      trace: [],
    });
    const undo = () =>
      third.step("undo", { execution, listing, failure: { Error: "WrongAnswer", Cause: cause } });
    const done = await undo();
    assert.deepEqual(done, {
      outcome: "failed",
      error: "WrongAnswer",
      cause: "It answers wrongly.",
      message: "WrongAnswer: It answers wrongly.\n\nThe live site is as it was.",
      release: 3,
    });
    assert.deepEqual(await undo(), done);
    assert.notEqual(await stack.read("consoles/000003-3.log"), undefined);
    assert.deepEqual(await disksOf(3), { images: 0, snapshots: 0 });
    assert.ok(goneOrEnding((await machineStates()).get(instanceId)));
    assert.equal(await servedRelease(stack.address), 2);
    assert.equal((await get(stack.address, "/")).body, "<h1>two</h1>");
    const release = (await stack.releases()).find(({ number }) => number === 3);
    assert.equal(release?.status, "failed");
    assert.deepEqual(release?.failure, { error: "WrongAnswer", cause: "It answers wrongly." });
    const refused = JSON.parse(there(await stack.read("refused.json"))) as Record<string, unknown>;
    assert.equal(refused.listing, listing);
    assert.equal(refused.content, false, "the content is not to blame");
    // The machine is gone, what it said is told.
    await stack.put(stack.state, "consoles/000003-3.log", "booting\nout of order\n");
    const { outcome, message } = done;
    await third.step("notify", { execution, outcome, release: 3, message });
    const notes = await readFile(join(stack.dataDir, "notifications.jsonl"), "utf8");
    const { subject, message: text } = JSON.parse(notes.trim().split("\n").at(-1) ?? "") as Notification;
    assert.equal(subject, `${stack.address}: release 3 failed (WrongAnswer), release 2 goes on`);
    assert.match(text, /\n\nThe console's last lines:\nbooting\nout of order\n$/);
    await third.end();
  });

  it("undo: brings back the address that a stopped deployment had moved, with no release of its own", async () => {
    const heir = await ByHand.begin(stack);
    const AllocationId = settingOf(stack, "undo", "ADDRESS_ALLOCATION");
    const InstanceId = first.machine.instanceId;
    await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId, AllowReassociation: true }));
    assert.notEqual(await servedRelease(stack.address), 2);
    const { execution } = heir;
    const undone = { execution, listing: null, failure: { Error: "NotKept", Cause: "no" } };
    assert.equal((await heir.step("undo", undone)).release, null);
    assert.equal(await servedRelease(stack.address), 2);
    await heir.end();
  });

  it("mode snapshot: the disk comes as a raw file by ImportSnapshot, and boots", async () => {
    withSettings(stack, "start-import", { IMPORT_MODE: "snapshot" }, "start-import-snapshot");
    const fourth = await ByHand.begin(stack);
    await fourth.upToArchive({ "index.html": "<h1>four</h1>" });
    const { mode, importId, diskBytes, writtenBytes } = await fourth.startImport("start-import-snapshot");
    assert.equal(mode, "snapshot");
    assert.match(importId, /^import-snap-/);
    assert.equal(writtenBytes, diskBytes);
    assert.equal((await fourth.startImport("start-import-snapshot")).importId, importId);
    await fourth.pollImport();
    assert.deepEqual(await stack.keys(stack.state, "imports/"), [], "the raw disk is gone");
    await fourth.register();
    await fourth.launch();
    await fourth.probe();
    await fourth.moveAddress();
    await fourth.probeAddress();
    await fourth.commit();
    await fourth.end();
    assert.equal((await get(stack.address, "/")).body, "<h1>four</h1>");
    const retired = await fourth.step("retire", { execution: await idleExecution(stack), drainSeconds: 0 });
    assert.deepEqual(retired.stopped, [second.machine.instanceId]);
    assert.deepEqual(retired.terminated, [first.machine.instanceId]);
    assert.deepEqual(retired.images, [first.image.imageId]);
    assert.ok(retired.snapshots.includes(first.image.snapshotId));
    assert.ok(retired.objects.includes(`archives/${first.archive.digest}.tar`));
    assert.ok(!retired.objects.some((key) => key.includes(second.archive.digest)));
  });

  it("mode image: ImportImage refuses a unikernel in AWS's words, and the error says what to choose", async () => {
    withSettings(stack, "start-import", { IMPORT_MODE: "image" }, "start-import-image");
    const fifth = await ByHand.begin(stack);
    await fifth.upToArchive({ "index.html": "<h1>five</h1>" });
    const { mode, importId } = await fifth.startImport("start-import-image");
    assert.equal(mode, "image");
    assert.match(importId, /^import-ami-/);
    await assert.rejects(
      fifth.pollImport(),
      failure("ImportFailed", /ClientError: Unknown OS \/ Missing OS files\..*importMode=direct/),
    );
    const { execution, listing } = fifth;
    await fifth.step("undo", { execution, listing, failure: { Error: "ImportFailed", Cause: "no" } });
    assert.deepEqual(await stack.keys(stack.state, "imports/"), []);
    assert.deepEqual(await disksOf(5), { images: 0, snapshots: 0 });
    await fifth.end();
  });

  it("poll-build: a build that fails is BuildFailed, with the last lines of its log", async () => {
    const buildspecOverride =
      'version: 0.2\nphases:\n  build:\n    commands:\n      - echo "cannot find -lmissing"; exit 3\n';
    const { build } = await codebuild.send(
      new StartBuildCommand({
        ...{ projectName: settingOf(stack, "start-build", "BUILD_PROJECT"), buildspecOverride },
        ...{ sourceTypeOverride: "S3", artifactsOverride: { type: "NO_ARTIFACTS" } },
        sourceLocationOverride: `${stack.state}/${(await stack.keys(stack.state, "sources/"))[0]}`,
      }),
    );
    const poll = { build: first.boot.build, buildId: there(build?.id) };
    const failed = await eventually("the build ends", () =>
      first.step("poll-build", poll).then(
        () => undefined,
        (error: Error) => error,
      ),
    );
    assert.equal(failed.name, "BuildFailed");
    assert.match(failed.message, /did not build \(FAILED, phase BUILD: .*exit status 3/);
    assert.match(failed.message, /\ncannot find -lmissing\n/);
  });

  it("reconcile: does nothing while a deployment is under way", async () => {
    const busy = await ByHand.begin(stack);
    assert.deepEqual(await stack.invoke("reconcile", {}), { did: "nothing: a deployment is under way" });
    await busy.end();
  });

  it("reconcile: leaves content alone that was refused, and asks for a deployment of any other", async () => {
    const nothing = { did: "nothing: what is live is what should be" };
    assert.deepEqual(await stack.invoke("reconcile", {}), nothing);
    await stack.delete(stack.state, "refused.json");
    const ended = await stack.settleAfter(async () =>
      assert.deepEqual(await stack.invoke("reconcile", {}), {
        did: "asked for a deployment of the bucket's content",
      }),
    );
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["live"],
      JSON.stringify(ended),
    );
    assert.equal((await get(stack.address, "/")).body, "<h1>five</h1>");
    assert.deepEqual(await stack.invoke("reconcile", {}), nothing);
  });

  it("reconcile: takes up a request that nobody works off", async () => {
    const request = { kind: "content", nonce: "n", first: "n", at: new Date().toISOString() };
    const ended = await stack.settleAfter(async () => {
      await stack.put(stack.state, "requests/content.json", JSON.stringify(request));
      assert.deepEqual(await stack.invoke("reconcile", {}), {
        did: "started a deployment for a request that nobody worked off",
      });
    });
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["nothing"],
      JSON.stringify(ended),
    );
  });

  it("reconcile: has a machine replaced that lost the address", async () => {
    const { instanceId = "", release = 0 } = (await stack.live()) ?? {};
    const ended = await stack.settleAfter(async () => {
      await ec2.send(new DisassociateAddressCommand({ AssociationId: await associationId() }));
      const seen = { answers: false, final: true, reason: "it lost the address" };
      const asked = { times: 2, at: new Date().toISOString() };
      await stack.put(stack.state, "health.json", JSON.stringify({ instanceId, misses: 2, seen, asked }));
      const { did } = (await stack.invoke("reconcile", {})) as { did: string };
      assert.match(did, /^nothing yet: .* a short while ago, in vain/);
      await stack.delete(stack.state, "health.json");
      assert.deepEqual(await stack.invoke("reconcile", {}), {
        did: `asked for a new machine instead of ${instanceId}`,
      });
    });
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["live"],
      JSON.stringify(ended),
    );
    assert.equal(await servedRelease(stack.address), release + 1);
  });

  async function associationId(): Promise<string> {
    const answer = await stack.aws("ec2", "describe-addresses", "--public-ips", stack.address);
    const { Addresses } = JSON.parse(answer) as { Addresses: { AssociationId: string }[] };
    return there(Addresses[0]).AssociationId;
  }
});
