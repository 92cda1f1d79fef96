import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type _InstanceType,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  type EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { siteDisk } from "../machines/disk.ts";
import { makeNetwork, testCloud } from "./cloud.ts";
import { importDirect, launchInput, registerImage } from "./launch.ts";

const describeType = async (ec2: EC2Client, name: string) => {
  const InstanceTypes = [name as _InstanceType];
  return (await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes }))).InstanceTypes?.[0];
};

const zonesOf = async (ec2: EC2Client, name: string) => {
  const Filters = [{ Name: "instance-type", Values: [name] }];
  const query = { LocationType: "availability-zone" as const, Filters };
  const { InstanceTypeOfferings } = await ec2.send(new DescribeInstanceTypeOfferingsCommand(query));
  return (InstanceTypeOfferings ?? []).map(({ Location }) => Location);
};

test("types are told with what a machine needs of them, and where they are offered", async () => {
  await using cloud = await testCloud();
  const nano = await describeType(cloud.ec2, "t3.nano");
  assert.deepEqual(nano?.SupportedBootModes, ["legacy-bios", "uefi"]);
  assert.deepEqual(nano?.ProcessorInfo?.SupportedArchitectures, ["x86_64"]);
  const old = await describeType(cloud.ec2, "t2.nano");
  assert.deepEqual(old?.SupportedBootModes, ["legacy-bios"]);
  assert.deepEqual([old?.Hypervisor, old?.NetworkInfo?.EnaSupport], ["xen", "unsupported"]);
  assert.deepEqual((await describeType(cloud.ec2, "t4g.nano"))?.ProcessorInfo?.SupportedArchitectures, [
    "arm64",
  ]);
  await assert.rejects(describeType(cloud.ec2, "t9.nano"), { name: "InvalidInstanceType" });
  assert.deepEqual(await zonesOf(cloud.ec2, "t3.nano"), ["us-east-1a", "us-east-1b"]);
  assert.deepEqual(await zonesOf(cloud.ec2, "i4i.large"), ["us-east-1a"]);
});

test("a type that cannot boot an image, or is not offered in the zone, launches nothing", async () => {
  await using cloud = await testCloud();
  const imageId = await registerImage(cloud.ec2, await importDirect(cloud, await siteDisk({ release: 1 })));
  const network = await makeNetwork(cloud.local);
  const run = (InstanceType: _InstanceType, subnetId = network.subnetId) =>
    cloud.ec2.send(new RunInstancesCommand(launchInput(imageId, { ...network, subnetId }, { InstanceType })));
  await assert.rejects(
    run("t4g.nano"),
    /The architecture 'arm64' of the specified instance type does not match/,
  );
  await assert.rejects(run("t2.nano"), /does not support the boot mode 'uefi'/);
  const other = await cloud.local.provision({
    ...{ stack: "test", logicalId: "SubnetB", type: "AWS::EC2::Subnet" },
    properties: { VpcId: network.vpcId, CidrBlock: "10.0.2.0/24", AvailabilityZone: "us-east-1b" },
  });
  const refusal = /\(i4i\.large\) is not supported in your requested Availability Zone \(us-east-1b\)/;
  await assert.rejects(run("i4i.large", other.ref), { name: "Unsupported", message: refusal });
});
