import {
  type _InstanceType,
  DescribeInstancesCommand,
  GetConsoleOutputCommand,
  type Instance,
  paginateDescribeInstances,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { causeText, MachineUnreachable, ResourceGone } from "../errors.ts";
import { setting } from "../settings.ts";
import { ec2 } from "./ec2-client.ts";
import { notFoundYet } from "./fresh.ts";
import {
  attemptName,
  ownFilters,
  releaseTag,
  TAG_ATTEMPT,
  TAG_STACK,
  tagSpecification,
  tagValue,
} from "./names.ts";

export interface Machine {
  readonly instanceId: string;
  readonly state: string;
  readonly address: string | undefined;
  readonly release: number;
  readonly attempt: number;
  readonly launchedAt: Date;
  /** It bears this stack's tag. Nothing else is ever stopped, moved from or terminated. */
  readonly own: boolean;
}

function asMachine(instance: Instance): Machine {
  return {
    instanceId: instance.InstanceId ?? "",
    state: instance.State?.Name ?? "unknown",
    address: instance.PublicIpAddress,
    release: releaseTag(instance.Tags) ?? 0,
    attempt: Number(tagValue(instance.Tags, TAG_ATTEMPT) ?? 0),
    launchedAt: instance.LaunchTime ?? new Date(0),
    own: tagValue(instance.Tags, TAG_STACK) === setting("STACK"),
  };
}

function named(error: unknown, prefix: string): boolean {
  return error instanceof Error && error.name.startsWith(prefix);
}

/** The stack's machines that are not terminated, all of them or those of one release. */
export async function listMachines(release?: number): Promise<Machine[]> {
  const states = ["pending", "running", "stopping", "stopped", "shutting-down"];
  const Filters = [...ownFilters(release), { Name: "instance-state-name", Values: states }];
  const machines: Machine[] = [];
  for await (const page of paginateDescribeInstances({ client: ec2() }, { Filters })) {
    for (const reservation of page.Reservations ?? [])
      machines.push(...(reservation.Instances ?? []).map(asMachine));
  }
  return machines;
}

/** A machine by its id; undefined when EC2 does not know it (not yet, or not any more). */
export async function describeMachine(instanceId: string): Promise<Machine | undefined> {
  try {
    const { Reservations } = await ec2().send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    const instance = Reservations?.[0]?.Instances?.[0];
    return instance && asMachine(instance);
  } catch (error) {
    if (named(error, "InvalidInstanceID")) return undefined;
    throw error;
  }
}

/** What EC2 says when one zone cannot have the machine now, and another may. */
const NO_ROOM = [
  "InsufficientInstanceCapacity",
  "InsufficientHostCapacity",
  "InsufficientFreeAddressesInSubnet",
  "Unsupported",
];
const isNoRoom = (error: unknown) => error instanceof Error && NO_ROOM.includes(error.name);

/**
 * Launches the machine of an attempt, or finds the one that was: in the attempt's zone, or in the next one
 * where EC2 has no room in it.
 */
export async function launchMachine(release: number, attempt: number, imageId: string): Promise<Machine> {
  const subnets = setting("SUBNETS");
  const begin = (attempt - 1) % subnets.length;
  const inTurn = [...subnets.slice(begin), ...subnets.slice(0, begin)];
  for (const [i, subnet] of inTurn.entries()) {
    try {
      // One token never stands for two zones: EC2 refuses a token whose parameters have changed.
      const token =
        i === 0 ? attemptName(release, attempt) : `${attemptName(release, attempt)}-zone-${i + 1}`;
      return await launchIn(subnet, token, { release, attempt, imageId });
    } catch (error) {
      const isLast = i === inTurn.length - 1;
      if (isLast || !isNoRoom(error)) throw error;
    }
  }
  throw new ResourceGone("The stack has no subnet to launch machines in; deploy the stack again.");
}

/**
 * No key pair, no profile, no metadata service; a public address of its own so that it can be probed before
 * it gets the site's.
 */
async function launchIn(
  SubnetId: string,
  ClientToken: string,
  { release, attempt, imageId }: { release: number; attempt: number; imageId: string },
): Promise<Machine> {
  try {
    const { Instances } = await ec2().send(
      new RunInstancesCommand({
        ClientToken,
        ImageId: imageId,
        InstanceType: setting("INSTANCE_TYPE") as _InstanceType,
        MinCount: 1,
        MaxCount: 1,
        InstanceInitiatedShutdownBehavior: "stop",
        MetadataOptions: { HttpEndpoint: "disabled", HttpTokens: "required" },
        NetworkInterfaces: [
          {
            DeviceIndex: 0,
            SubnetId,
            Groups: [setting("SECURITY_GROUP")],
            AssociatePublicIpAddress: true,
            DeleteOnTermination: true,
          },
        ],
        TagSpecifications: [
          tagSpecification("instance", release, attempt),
          tagSpecification("volume", release, attempt),
          tagSpecification("network-interface", release, attempt),
        ],
      }),
    );
    const instance = Instances?.[0];
    if (instance === undefined) throw new ResourceGone("EC2 launched no instance and gave no reason.");
    return asMachine(instance);
  } catch (error) {
    if (named(error, "IdempotentInstanceTerminated")) {
      throw new ResourceGone(
        `The machine of release ${release} was terminated while it was being launched; deploy again.`,
      );
    }
    throw notFoundYet(error, `The image ${imageId} cannot be launched yet`);
  }
}

/** Stops machines at once: nothing in them is worth a graceful end. */
export async function stopMachines(instanceIds: string[]): Promise<void> {
  if (instanceIds.length === 0) return;
  await ec2().send(new StopInstancesCommand({ InstanceIds: instanceIds, SkipOsShutdown: true }));
}

/**
 * Starts a stopped machine on the disk that it had. It gets another public address. Throws MachineUnreachable where
 * EC2 has no room for it: unlike a new one, it can start in its own zone alone.
 */
export async function startMachine(instanceId: string): Promise<void> {
  try {
    await ec2().send(new StartInstancesCommand({ InstanceIds: [instanceId] }));
  } catch (error) {
    if (!isNoRoom(error)) throw error;
    throw new MachineUnreachable(
      `The kept machine ${instanceId} cannot be started: EC2 has no room for it in its zone (${causeText(error)}).`,
    );
  }
}

/** Terminates machines; one that is gone already is no error. */
export async function terminateMachines(instanceIds: string[]): Promise<void> {
  for (const instanceId of instanceIds) {
    try {
      await ec2().send(new TerminateInstancesCommand({ InstanceIds: [instanceId], SkipOsShutdown: true }));
    } catch (error) {
      if (!named(error, "InvalidInstanceID")) throw error;
    }
  }
}

/** What the machine wrote to its console, oldest first: there is no shell to look with. */
export async function consoleOutput(instanceId: string): Promise<string> {
  try {
    const { Output } = await ec2().send(
      new GetConsoleOutputCommand({ InstanceId: instanceId, Latest: true }),
    );
    return Buffer.from(Output ?? "", "base64").toString("utf8");
  } catch (error) {
    // Types without the Nitro console refuse Latest; the stored output is better than none.
    if (named(error, "UnsupportedOperation")) {
      const { Output } = await ec2().send(new GetConsoleOutputCommand({ InstanceId: instanceId }));
      return Buffer.from(Output ?? "", "base64").toString("utf8");
    }
    if (named(error, "InvalidInstanceID")) return "";
    throw error;
  }
}
