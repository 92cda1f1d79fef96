import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  DescribeAddressesCommand,
  DisassociateAddressCommand,
  ReleaseAddressCommand,
} from "@aws-sdk/client-ec2";
import { siteDisk } from "../machines/disk.ts";
import { testCloud } from "./cloud.ts";
import { describe, get, importDirect, launch, registerImage } from "./launch.ts";

async function twoReleases() {
  const cloud = await testCloud();
  const run = async (release: number) =>
    launch(cloud, await registerImage(cloud.ec2, await importDirect(cloud, await siteDisk({ release }))));
  const [first, second] = [await run(1), await run(2)];
  const allocated = await cloud.ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  return { cloud, first, second, AllocationId: allocated.AllocationId, address: String(allocated.PublicIp) };
}

async function release(address: string): Promise<number> {
  return JSON.parse((await get(address, "/.well-known/mirage-pages")).body).release;
}

test("an Elastic IP leads to its instance, and breaks connections when it moves", async () => {
  const { cloud, first, second, AllocationId, address } = await twoReleases();
  await using _ = cloud;
  await assert.rejects(get(address, "/"), { code: "ECONNREFUSED" });
  const associate = (InstanceId: string, more = {}) =>
    cloud.ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId, ...more }));
  const { AssociationId } = await associate(first.InstanceId);
  assert.equal(await release(address), 1);
  assert.equal((await describe(cloud.ec2, first.InstanceId)).PublicIpAddress, address);
  await assert.rejects(get(first.PublicIpAddress, "/"), { code: "ECONNREFUSED" });
  assert.equal((await associate(first.InstanceId)).AssociationId, AssociationId);
  await assert.rejects(associate(second.InstanceId, { AllowReassociation: false }), {
    name: "Resource.AlreadyAssociated",
  });

  const open = connect(443, address);
  await new Promise((resolve) => open.once("connect", resolve));
  const broken = new Promise<string>((resolve) => {
    open.once("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    open.once("end", () => resolve("end"));
  });
  const moved = await associate(second.InstanceId);
  assert.equal(await broken, "ECONNRESET");
  assert.equal(await release(address), 2);
  const left = await describe(cloud.ec2, first.InstanceId);
  assert.notEqual(left.PublicIpAddress, address);
  assert.equal(await release(String(left.PublicIpAddress)), 1);

  await cloud.restart();
  const { Addresses } = await cloud.ec2.send(new DescribeAddressesCommand({ PublicIps: [address] }));
  assert.equal(Addresses?.[0]?.InstanceId, second.InstanceId);
  await assert.rejects(cloud.ec2.send(new ReleaseAddressCommand({ AllocationId })), {
    name: "InvalidIPAddress.InUse",
  });
  await cloud.ec2.send(new DisassociateAddressCommand({ AssociationId: moved.AssociationId }));
  await assert.rejects(get(address, "/"), { code: "ECONNREFUSED" });
  await cloud.ec2.send(new ReleaseAddressCommand({ AllocationId }));
  await assert.rejects(associate(first.InstanceId), { name: "InvalidAllocationID.NotFound" });
});

test("only the ports that the security groups let in are open", async () => {
  const { cloud, first } = await twoReleases();
  await using _ = cloud;
  const vpc = await cloud.local.provision({
    ...{ stack: "test", logicalId: "Vpc", type: "AWS::EC2::VPC" },
    properties: { CidrBlock: "10.0.0.0/16" },
  });
  await cloud.local.provision({
    ...{ stack: "test", logicalId: "Web", type: "AWS::EC2::SecurityGroup" },
    properties: {
      VpcId: vpc.ref,
      GroupDescription: "web",
      SecurityGroupIngress: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, CidrIp: "0.0.0.0/0" }],
    },
  });
  assert.equal(await release(first.PublicIpAddress), 1);
  await assert.rejects(fetch(`http://${first.PublicIpAddress}/`));
});

test("the template's Elastic IP is the same one every time", async () => {
  await using cloud = await testCloud();
  const eip = { stack: "s", logicalId: "Address", type: "AWS::EC2::EIP", properties: { Domain: "vpc" } };
  const made = await cloud.local.provision(eip);
  await cloud.restart();
  assert.deepEqual(await cloud.local.provision(eip), made);
  assert.equal(made.ref, made.attributes.PublicIp);
});
