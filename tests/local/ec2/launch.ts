import { createHash, randomUUID } from "node:crypto";
import { request as httpsRequest } from "node:https";
import {
  CompleteSnapshotCommand,
  type EBSClient,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
} from "@aws-sdk/client-ebs";
import {
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  type EC2Client,
  type Instance,
  RegisterImageCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import type { SiteDisk } from "../machines/disk.ts";
import { eventually, makeNetwork, type TestCloud } from "./cloud.ts";

/** The SHA-256 that goes with a block. */
export function checksum(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("base64");
}

/** Puts one block as the project does. */
export function putBlock(
  ebs: EBSClient,
  SnapshotId: string,
  BlockIndex: number,
  data: Buffer,
  Checksum = checksum(data),
) {
  return ebs.send(
    new PutSnapshotBlockCommand({
      ...{ SnapshotId, BlockIndex, Checksum, ChecksumAlgorithm: "SHA256" },
      ...{ BlockData: data, DataLength: data.length },
    }),
  );
}

/** Writes a disk through the EBS direct APIs and waits until its snapshot is completed. */
export async function importDirect({ ebs, ec2 }: TestCloud, disk: SiteDisk): Promise<string> {
  const started = await ebs.send(new StartSnapshotCommand({ VolumeSize: disk.volumeGiB, Encrypted: true }));
  const SnapshotId = String(started.SnapshotId);
  for (const { index, data } of disk.blocks) await putBlock(ebs, SnapshotId, index, data);
  await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: disk.blocks.length }));
  await eventually(
    () => ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] })),
    ({ Snapshots }) => Snapshots?.[0]?.State === "completed",
  );
  return SnapshotId;
}

/** Registers a snapshot as an image that boots as the project's do. */
export async function registerImage(
  ec2: EC2Client,
  SnapshotId: string,
  Name = `site-${randomUUID()}`,
): Promise<string> {
  const { ImageId } = await ec2.send(
    new RegisterImageCommand({
      Name,
      Architecture: "x86_64",
      VirtualizationType: "hvm",
      BootMode: "uefi",
      EnaSupport: true,
      ImdsSupport: "v2.0",
      RootDeviceName: "/dev/xvda",
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId, VolumeType: "gp3" } }],
    }),
  );
  return String(ImageId);
}

/** What the project launches a machine with. */
export function launchInput(
  ImageId: string,
  network: { subnetId: string; groupId: string },
  more: Partial<RunInstancesCommandInput> = {},
): RunInstancesCommandInput {
  return {
    ImageId,
    InstanceType: "t3.micro",
    MinCount: 1,
    MaxCount: 1,
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: network.subnetId,
        Groups: [network.groupId],
        AssociatePublicIpAddress: true,
      },
    ],
    MetadataOptions: { HttpEndpoint: "disabled" },
    ...more,
  };
}

/** An instance as it is described now. */
export async function describe(ec2: EC2Client, id: string): Promise<Instance> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  const instance = Reservations?.[0]?.Instances?.[0];
  if (!instance) throw new Error(`${id} was not described`);
  return instance;
}

/** Waits until an instance is in a state. */
export function inState(ec2: EC2Client, id: string, state: string, limit?: number): Promise<Instance> {
  return eventually(
    () => describe(ec2, id),
    (instance) => instance.State?.Name === state,
    limit,
  );
}

/** Launches an image and waits until it runs. */
export async function launch(
  cloud: TestCloud,
  imageId: string,
  more: Partial<RunInstancesCommandInput> = {},
): Promise<Instance & { InstanceId: string; PublicIpAddress: string }> {
  const network = await makeNetwork(cloud.local);
  const launched = await cloud.ec2.send(new RunInstancesCommand(launchInput(imageId, network, more)));
  const id = String(launched.Instances?.[0]?.InstanceId);
  const running = await inState(cloud.ec2, id, "running");
  return { ...running, InstanceId: id, PublicIpAddress: String(running.PublicIpAddress) };
}

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** One HTTPS request on a connection of its own. Certificates are the caller's to look at. */
export function get(
  host: string,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host,
      path,
      method,
      headers,
      servername: "site.test",
      rejectUnauthorized: false,
      agent: false,
    };
    const request = httpsRequest({ ...options, timeout: 5000 }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        }),
      );
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", reject);
    request.end();
  });
}
