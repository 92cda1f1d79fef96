import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  GetConsoleOutputCommand,
  RebootInstancesCommand,
  RegisterImageCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { siteDisk } from "../machines/disk.ts";
import { eventually, makeNetwork, type TestCloud, testCloud } from "./cloud.ts";
import { describe, get, importDirect, inState, launch, launchInput, registerImage } from "./launch.ts";

async function cloudWithImage() {
  const cloud = await testCloud();
  const disk = await siteDisk({ release: 7 });
  const snapshotId = await importDirect(cloud, disk);
  return { cloud, disk, snapshotId, imageId: await registerImage(cloud.ec2, snapshotId) };
}

test("a disk runs and answers at its public address as the unikernel does", async () => {
  const { cloud, disk, imageId } = await cloudWithImage();
  await using _ = cloud;
  const { PublicIpAddress: address, ...instance } = await launch(cloud, imageId);
  assert.match(instance.InstanceId, /^i-0[0-9a-f]{16}$/);
  assert.equal(instance.MetadataOptions?.HttpEndpoint, "disabled");
  const proof = await get(address, "/.well-known/mirage-pages");
  assert.deepEqual(JSON.parse(proof.body), { release: 7, archive: disk.archiveDigest });
  const page = await get(address, "/?x");
  assert.deepEqual([page.status, page.body], [200, "<p>release 7</p>"]);
  assert.equal(page.headers["strict-transport-security"], "max-age=60");
  const etag = String(page.headers.etag);
  assert.equal((await get(address, "/", { "If-None-Match": etag })).status, 304);
  assert.deepEqual(await get(address, "/", {}, "HEAD").then(({ status, body }) => [status, body]), [200, ""]);
  assert.equal((await get(address, "/", {}, "POST")).headers.allow, "GET, HEAD");
  assert.deepEqual(await get(address, "/none").then(({ status, body }) => [status, body]), [
    404,
    "<p>gone</p>",
  ]);
  const plain = await fetch(`http://${address}/a?b=c`, { redirect: "manual" });
  assert.deepEqual([plain.status, plain.headers.get("location")], [301, `https://${address}/a?b=c`]);
});

test("a client token launches once", async () => {
  const { cloud, imageId } = await cloudWithImage();
  await using _ = cloud;
  const network = await makeNetwork(cloud.local);
  const run = (more: Partial<RunInstancesCommandInput> = {}) =>
    cloud.ec2.send(
      new RunInstancesCommand(launchInput(imageId, network, { ClientToken: "release-7", ...more })),
    );
  const [first, second] = await Promise.all([run(), run()]);
  const id = String(first.Instances?.[0]?.InstanceId);
  assert.equal(second.Instances?.[0]?.InstanceId, id);
  await assert.rejects(run({ InstanceType: "t3.small" }), { name: "IdempotentParameterMismatch" });
  await cloud.restart();
  assert.equal((await run()).Instances?.[0]?.InstanceId, id);
  await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await assert.rejects(run(), { name: "IdempotentInstanceTerminated" });
});

test("what EC2 refuses is refused", async () => {
  const { cloud, imageId, snapshotId } = await cloudWithImage();
  await using _ = cloud;
  const network = await makeNetwork(cloud.local);
  const run = (more: Partial<RunInstancesCommandInput>, image = imageId) =>
    cloud.ec2.send(new RunInstancesCommand(launchInput(image, network, more)));
  await assert.rejects(run({}, "ami-0123456789abcdef0"), { name: "InvalidAMIID.NotFound" });
  await assert.rejects(run({ InstanceType: "t9.huge" as "t3.micro" }), { name: "InvalidParameterValue" });
  await assert.rejects(run({ SubnetId: network.subnetId }), { name: "InvalidParameterCombination" });
  await assert.rejects(run({ NetworkInterfaces: [] }), { name: "MissingInput" });
  await assert.rejects(run({ NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: "subnet-0" }] }), {
    name: "InvalidSubnetID.NotFound",
  });
  await assert.rejects(run({ DryRun: true }), { name: "DryRunOperation" });
  await assert.rejects(run({ UserData: "aGVsbG8=" }), { name: "NotImplemented" });
  await assert.rejects(describe(cloud.ec2, "i-0123456789abcdef0"), {
    name: "InvalidInstanceID.NotFound",
    message: "The instance ID 'i-0123456789abcdef0' does not exist",
  });
  await assert.rejects(
    cloud.ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: "colour", Values: ["red"] }] })),
    { name: "InvalidParameterValue" },
  );
  await assert.rejects(cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId })), {
    name: "InvalidSnapshot.InUse",
  });
  // The defaults of RegisterImage are i386 and paravirtual: an image that no type here runs.
  const BlockDeviceMappings = [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId: snapshotId } }];
  const careless = { Name: "careless", RootDeviceName: "/dev/xvda", BlockDeviceMappings };
  const { ImageId } = await cloud.ec2.send(new RegisterImageCommand(careless));
  await assert.rejects(run({}, ImageId), { name: "InvalidParameterCombination" });
  await assert.rejects(cloud.ec2.send(new RegisterImageCommand(careless)), {
    name: "InvalidAMIName.Duplicate",
  });
  const astray = { ...careless, Name: "astray", RootDeviceName: "/dev/sda1" };
  await assert.rejects(cloud.ec2.send(new RegisterImageCommand(astray)), {
    name: "InvalidBlockDeviceMapping",
  });
});

test("instances are found by filters, in pages", async () => {
  const { cloud, imageId } = await cloudWithImage();
  await using _ = cloud;
  const TagSpecifications: RunInstancesCommandInput["TagSpecifications"] = [
    { ResourceType: "instance", Tags: [{ Key: "release", Value: "7" }] },
  ];
  const { InstanceId } = await launch(cloud, imageId, { TagSpecifications });
  const network = await makeNetwork(cloud.local);
  await cloud.ec2.send(new RunInstancesCommand(launchInput(imageId, network, { MinCount: 5, MaxCount: 6 })));
  const ids = async (input: DescribeInstancesCommand["input"]) => {
    const { Reservations, NextToken } = await cloud.ec2.send(new DescribeInstancesCommand(input));
    return {
      NextToken,
      found: Reservations?.flatMap(({ Instances }) => Instances?.map((i) => i.InstanceId) ?? []),
    };
  };
  const byTag = await ids({ Filters: [{ Name: "tag:release", Values: ["7", "8"] }] });
  assert.deepEqual(byTag.found, [InstanceId]);
  assert.deepEqual((await ids({ Filters: [{ Name: "tag:release", Values: ["?0"] }] })).found, []);
  const first = await ids({ MaxResults: 5 });
  assert.equal(first.found?.length, 5);
  assert.equal((await ids({ MaxResults: 5, NextToken: first.NextToken })).found?.length, 2);
  await cloud.ec2.send(
    new CreateTagsCommand({ Resources: [InstanceId], Tags: [{ Key: "<&>", Value: "\"'" }] }),
  );
  const { Tags } = await cloud.ec2.send(
    new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [InstanceId] }] }),
  );
  assert.deepEqual(
    Tags?.map(({ Key, Value, ResourceType }) => [Key, Value, ResourceType]),
    [
      ["release", "7", "instance"],
      ["<&>", "\"'", "instance"],
    ],
  );
});

test("an instance stops, starts on its disk, reboots, and leaves nothing when it is terminated", async () => {
  const { cloud, imageId, snapshotId } = await cloudWithImage();
  await using _ = cloud;
  const { InstanceId, PublicIpAddress: before } = await launch(cloud, imageId);
  const InstanceIds = [InstanceId];
  await cloud.ec2.send(new StopInstancesCommand({ InstanceIds, SkipOsShutdown: true }));
  const stopped = await inState(cloud.ec2, InstanceId, "stopped");
  assert.equal(stopped.PublicIpAddress, undefined);
  await assert.rejects(get(before, "/"));
  await cloud.ec2.send(new StartInstancesCommand({ InstanceIds }));
  const { PublicIpAddress: after = "" } = await inState(cloud.ec2, InstanceId, "running");
  assert.notEqual(after, before);
  assert.equal((await get(after, "/")).status, 200);
  await cloud.ec2.send(new RebootInstancesCommand({ InstanceIds }));
  assert.equal((await get(after, "/")).status, 200);
  await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  await inState(cloud.ec2, InstanceId, "terminated");
  await assert.rejects(cloud.ec2.send(new StartInstancesCommand({ InstanceIds })), {
    name: "IncorrectInstanceState",
  });
  assert.deepEqual((await cloud.ec2.send(new DescribeVolumesCommand({}))).Volumes, []);
  const gone = { ImageId: imageId, DeleteAssociatedSnapshots: true };
  const { DeleteSnapshotResults } = await cloud.ec2.send(new DeregisterImageCommand(gone));
  assert.deepEqual(DeleteSnapshotResults, [{ SnapshotId: snapshotId, ReturnCode: "success" }]);
  assert.deepEqual((await cloud.ec2.send(new DescribeImagesCommand({ Owners: ["self"] }))).Images, []);
});

test("an instance whose machine dies is stopped and can be started again", async () => {
  const { cloud, imageId } = await cloudWithImage();
  await using _ = cloud;
  const { InstanceId } = await launch(cloud, imageId);
  await cloud.local.machineOf(InstanceId).kill();
  const stopped = await inState(cloud.ec2, InstanceId, "stopped");
  assert.equal(stopped.StateReason?.Code, "Server.InternalError");
  await cloud.ec2.send(new StartInstancesCommand({ InstanceIds: [InstanceId] }));
  await inState(cloud.ec2, InstanceId, "running");
});

test("what ran before a restart runs after it, at the same address", async () => {
  const { cloud, imageId } = await cloudWithImage();
  await using _ = cloud;
  const { InstanceId, PublicIpAddress } = await launch(cloud, imageId);
  await cloud.restart();
  const again = await inState(cloud.ec2, InstanceId, "running");
  assert.equal(again.PublicIpAddress, PublicIpAddress);
  assert.equal((await get(PublicIpAddress, "/")).status, 200);
});

test("a disk that does not boot runs, says so on its console, and answers nobody", async () => {
  await using cloud = await testCloud();
  const disk = await siteDisk({ release: 1, program: "EFI/OTHER.EFI" });
  const { InstanceId, PublicIpAddress } = await launch(
    cloud,
    await registerImage(cloud.ec2, await importDirect(cloud, disk)),
  );
  await assert.rejects(get(PublicIpAddress, "/"));
  assert.match(await consoleOf(cloud, InstanceId), /No bootable option/);
});

async function consoleOf(cloud: TestCloud, InstanceId: string): Promise<string> {
  const { Output } = await eventually(
    () => cloud.ec2.send(new GetConsoleOutputCommand({ InstanceId })),
    (answer) => answer.Output !== "",
  );
  return Buffer.from(Output ?? "", "base64").toString();
}
