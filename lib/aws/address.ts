import { AssociateAddressCommand, DescribeAddressesCommand } from "@aws-sdk/client-ec2";
import { AddressTaken, ResourceGone } from "../errors.ts";
import { setting } from "../settings.ts";
import { ec2 } from "./ec2-client.ts";
import { describeMachine } from "./machines.ts";

async function describeAddress() {
  const AllocationId = setting("ADDRESS_ALLOCATION");
  const { Addresses } = await ec2().send(new DescribeAddressesCommand({ AllocationIds: [AllocationId] }));
  const address = Addresses?.[0];
  if (address === undefined) {
    throw new ResourceGone(
      `The site's Elastic IP ${AllocationId} is gone; deploy the stack again to get a new one.`,
    );
  }
  return address;
}

/** The instance that has the site's address now. */
export async function addressHolder(): Promise<string | undefined> {
  return (await describeAddress()).InstanceId;
}

/**
 * Moves the site's address to an instance and returns who had it before. Does nothing when it is there
 * already. Throws AddressTaken when something that is not ours has it.
 */
export async function moveAddress(
  instanceId: string,
): Promise<{ address: string; previous: string | undefined }> {
  const held = await describeAddress();
  const address = held.PublicIp ?? setting("SITE_ADDRESS");
  if (held.InstanceId === instanceId) return { address, previous: undefined };
  const associated = held.AssociationId !== undefined;
  if (associated && (held.InstanceId === undefined || !(await describeMachine(held.InstanceId))?.own)) {
    throw new AddressTaken(
      `The address ${address} is associated with ${held.InstanceId ?? held.NetworkInterfaceId ?? "something"}, ` +
        "which this stack did not launch. Disassociate it, then deploy again.",
    );
  }
  await ec2().send(
    new AssociateAddressCommand({
      AllocationId: setting("ADDRESS_ALLOCATION"),
      InstanceId: instanceId,
      AllowReassociation: associated,
    }),
  );
  return { address, previous: held.InstanceId };
}
