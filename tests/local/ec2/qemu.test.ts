import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import {
  GetConsoleOutputCommand,
  RebootInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { bootImage } from "../machines/boot-image.ts";
import { siteDisk } from "../machines/disk.ts";
import { eventually, type TestCloud, testCloud } from "./cloud.ts";
import { get, importDirect, inState, launch, registerImage } from "./launch.ts";

const limit = 90_000;

async function answers(address: string): Promise<string | undefined> {
  const answer = await get(address, "/.well-known/mirage-pages").catch(() => undefined);
  return answer?.body;
}

function alive(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/stat`, "latin1").then(
    (stat) => !/\) Z/.test(stat),
    () => false,
  );
}

async function consoleOf(cloud: TestCloud, InstanceId: string): Promise<string> {
  const { Output } = await cloud.ec2.send(new GetConsoleOutputCommand({ InstanceId }));
  return Buffer.from(Output ?? "", "base64").toString();
}

test("the disk boots in QEMU, answers, reboots, powers off, and is gone when the cloud ends", async () => {
  await using cloud = await testCloud({ machineKind: "qemu" });
  const disk = await siteDisk({ release: 3, bootImage: await bootImage() });
  const image = await registerImage(cloud.ec2, await importDirect(cloud, disk));
  const { InstanceId, PublicIpAddress } = await launch(cloud, image, { InstanceType: "t3.nano" });
  const expected = `{"release":3,"archive":"${disk.archiveDigest}"}\n`;
  const served = () => answers(PublicIpAddress);
  await eventually(served, (body) => body === expected, limit);
  assert.match(await consoleOf(cloud, InstanceId), /listening release=3/);

  await cloud.ec2.send(new RebootInstancesCommand({ InstanceIds: [InstanceId] }));
  await eventually(served, (body) => body === undefined, limit);
  await eventually(served, (body) => body === expected, limit);

  await cloud.restart();
  await inState(cloud.ec2, InstanceId, "running");
  await eventually(served, (body) => body === expected, limit);
  const pid = cloud.local.machineOf(InstanceId).pid ?? 0;
  assert.equal(await alive(pid), true);

  await cloud.ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
  await inState(cloud.ec2, InstanceId, "stopped", limit);
  assert.equal(await alive(pid), false);
  await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
  await inState(cloud.ec2, InstanceId, "terminated");
});
