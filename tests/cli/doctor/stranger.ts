import { CompleteSnapshotCommand, type EBSClient, StartSnapshotCommand } from "@aws-sdk/client-ebs";
import {
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  type EC2Client,
  RegisterImageCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { eventually, there } from "../../functions/by-hand.ts";

/** An instance that somebody else launched in the stack's network, of an empty disk. */
export async function strangersInstance(ec2: EC2Client, ebs: EBSClient): Promise<string> {
  const { SnapshotId } = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }));
  await ebs.send(new CompleteSnapshotCommand({ SnapshotId, ChangedBlocksCount: 0 }));
  await eventually("the snapshot is complete", async () => {
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [there(SnapshotId)] }));
    return Snapshots?.[0]?.State === "completed" ? true : undefined;
  });
  const { ImageId } = await ec2.send(
    new RegisterImageCommand({
      ...{ Name: "stranger", Architecture: "x86_64", VirtualizationType: "hvm", BootMode: "uefi" },
      ...{ EnaSupport: true, RootDeviceName: "/dev/xvda" },
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId } }],
    }),
  );
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ...{ ImageId, InstanceType: "t3.nano", MinCount: 1, MaxCount: 1 },
      SubnetId: there(Subnets?.[0]?.SubnetId),
    }),
  );
  const id = there(Instances?.[0]?.InstanceId);
  await eventually("the stranger's instance runs", async () => {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    return Reservations?.[0]?.Instances?.[0]?.State?.Name === "running" ? true : undefined;
  });
  return id;
}
