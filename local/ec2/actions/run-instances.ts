import { randomBytes } from "node:crypto";
import type {
  InstanceNetworkInterfaceSpecification,
  Reservation,
  RunInstancesRequest,
} from "@aws-sdk/client-ec2";
import { AwsError, type Caller } from "../../service.ts";
import { action, type Cloud } from "../cloud.ts";
import { invalidCombination, invalidValue, notFound, required } from "../errors.ts";
import { newId, parametersDigest } from "../ids.ts";
import type { Image, ImageMapping, Instance, LaunchToken, State, Subnet } from "../state.ts";
import { setTags, specifiedTags } from "../tags.ts";
import { instanceTypes, isOffered } from "../types.ts";
import { instanceView } from "../views.ts";

/** Launches instances. A client token used again answers with the reservation that it stands for. */
export const runInstances = action<RunInstancesRequest, Reservation>(
  [
    ...([
      "ImageId",
      "InstanceType",
      "MinCount",
      "MaxCount",
      "SubnetId",
      "SecurityGroupIds",
      "KeyName",
    ] as const),
    ...([
      "NetworkInterfaces",
      "BlockDeviceMappings",
      "MetadataOptions",
      "TagSpecifications",
      "ClientToken",
    ] as const),
    ...(["InstanceInitiatedShutdownBehavior", "EbsOptimized", "Monitoring", "CreditSpecification"] as const),
  ],
  async (input, cloud, caller) => {
    const { state } = cloud.store;
    const token = input.ClientToken;
    const digest = parametersDigest({ ...input, ClientToken: undefined });
    const known = token ? state.launchTokens[token] : undefined;
    if (known) return reservation(cloud, repeated(state, known, digest), known.reservationId, caller);
    const plan = readPlan(input, state);
    const reservationId = newId("r");
    const launched = Array.from({ length: plan.count }, (_, index) =>
      launch(cloud, caller, input, plan, reservationId, index),
    );
    const instanceIds = launched.map((instance) => instance.id);
    if (token) state.launchTokens[token] = { digest, reservationId, instanceIds };
    await cloud.store.save();
    for (const instance of launched) cloud.fleet.boot(instance, true);
    return reservation(cloud, launched, reservationId, caller);
  },
);

function reservation(cloud: Cloud, instances: Instance[], id: string, caller: Caller): Reservation {
  const Instances = instances.map((instance) => instanceView(cloud, instance));
  return { ReservationId: id, OwnerId: caller.accountId, Groups: [], Instances };
}

function repeated(state: State, token: LaunchToken, digest: string): Instance[] {
  if (token.digest !== digest) {
    throw new AwsError(
      "IdempotentParameterMismatch",
      "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
    );
  }
  const instances = token.instanceIds.flatMap((id) => state.instances[id] ?? []);
  if (
    instances.length === 0 ||
    instances.some(({ state }) => state === "terminated" || state === "shutting-down")
  ) {
    throw new AwsError(
      "IdempotentInstanceTerminated",
      `The client token you have provided is associated with a resource that is already terminated.`,
    );
  }
  return instances;
}

interface Plan {
  readonly count: number;
  readonly image: Image;
  readonly root: ImageMapping;
  readonly sizeGiB: number;
  readonly volumeType: string;
  readonly deleteOnTermination: boolean;
  readonly type: string;
  readonly subnet: Subnet;
  readonly groupIds: string[];
  readonly publicAddress: boolean;
}

function readPlan(input: RunInstancesRequest, state: State): Plan {
  const image = readImage(required(input.ImageId, "ImageId"), state);
  const least = required(input.MinCount, "MinCount");
  const count = required(input.MaxCount, "MaxCount");
  if (!Number.isInteger(least) || !Number.isInteger(count) || least < 1 || count < least || count > 20) {
    throw invalidValue(`Value (${least} to ${count}) for the count of instances is invalid.`);
  }
  const nic = readNetworkInterface(input);
  const subnet = readSubnet(nic?.SubnetId ?? input.SubnetId, state);
  const type = readType(input.InstanceType ?? "m1.small", image, subnet.zone);
  const root = rootOf(image);
  return {
    count,
    image,
    type,
    subnet,
    root,
    ...readRootDisk(input, root, state),
    groupIds: readGroups(nic?.Groups ?? input.SecurityGroupIds, subnet, state),
    publicAddress: nic?.AssociatePublicIpAddress ?? subnet.mapPublicIp,
  };
}

function readImage(id: string, state: State): Image {
  if (!/^ami-[0-9a-f]+$/.test(id)) {
    throw new AwsError("InvalidAMIID.Malformed", `Invalid id: "${id}" (expecting "ami-...")`);
  }
  const image = state.images[id];
  if (!image) throw notFound("image", id);
  return image;
}

function readType(name: string, image: Image, zone: string): string {
  const type = instanceTypes.get(name);
  if (!type) throw invalidValue(`Invalid value '${name}' for InstanceType.`);
  if (!isOffered(type, zone)) {
    throw new AwsError(
      "Unsupported",
      `Your requested instance type (${name}) is not supported in your requested Availability Zone (${zone}).`,
    );
  }
  if (image.virtualizationType !== "hvm") {
    throw invalidCombination(
      `Virtualization type '${image.virtualizationType}' of the image '${image.id}' is not supported by the instance type '${name}': it needs an HVM image.`,
    );
  }
  if (!type.architectures.some((architecture) => architecture === image.architecture)) {
    throw invalidValue(
      `The architecture '${type.architectures}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
    );
  }
  if (image.bootMode === "uefi" && !type.bootModes.includes("uefi")) {
    throw invalidValue(
      `The instance type '${name}' does not support the boot mode 'uefi' of the image '${image.id}'. Specify an instance type that does, and try again.`,
    );
  }
  if (!image.enaSupport && type.hypervisor === "nitro") {
    throw invalidCombination(
      `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${name}' instance type. Ensure that you are using an AMI that is enabled for ENA.`,
    );
  }
  return name;
}

function readNetworkInterface(input: RunInstancesRequest): InstanceNetworkInterfaceSpecification | undefined {
  const [nic, ...others] = input.NetworkInterfaces ?? [];
  if (!nic) return undefined;
  if (others.length > 0 || nic.DeviceIndex !== 0) {
    throw invalidValue("The local cloud's instances have one network interface, with device index 0.");
  }
  if (input.SubnetId) {
    throw invalidCombination(
      "Network interfaces and an instance-level subnet ID may not be specified on the same request",
    );
  }
  if (input.SecurityGroupIds?.length) {
    throw invalidCombination(
      "Network interfaces and an instance-level security groups may not be specified on the same request",
    );
  }
  return nic;
}

function readSubnet(id: string | undefined, state: State): Subnet {
  if (!id) {
    throw new AwsError(
      "MissingInput",
      "No subnets found for the default VPC. Please specify a subnet: the local cloud has no default VPC.",
    );
  }
  const subnet = state.subnets[id];
  if (!subnet) throw notFound("subnet", id);
  return subnet;
}

function readGroups(ids: readonly string[] | undefined, subnet: Subnet, state: State): string[] {
  if (!ids?.length) {
    const own = Object.values(state.groups).find(
      ({ vpcId, name }) => vpcId === subnet.vpcId && name === "default",
    );
    if (!own) throw notFound("group", "default");
    return [own.id];
  }
  for (const id of ids) {
    const group = state.groups[id];
    if (!group) throw notFound("group", id);
    if (group.vpcId !== subnet.vpcId) {
      throw new AwsError(
        "InvalidParameter",
        `Security group ${id} and subnet ${subnet.id} belong to different networks.`,
      );
    }
  }
  return [...ids];
}

function rootOf(image: Image): ImageMapping {
  const root = image.mappings.find(({ device }) => device === image.rootDevice);
  if (!root) throw new AwsError("InvalidAMIID.Unavailable", `The image ID '${image.id}' has no root device`);
  return root;
}

function readRootDisk(input: RunInstancesRequest, root: ImageMapping, state: State) {
  const [mapping, ...others] = input.BlockDeviceMappings ?? [];
  if (others.length > 0 || (mapping && mapping.DeviceName !== root.device)) {
    throw new AwsError(
      "InvalidBlockDeviceMapping",
      `The local cloud's instances have one disk, the image's root device ${root.device}.`,
    );
  }
  const snapshot = state.snapshots[root.snapshotId];
  const sizeGiB = mapping?.Ebs?.VolumeSize ?? root.sizeGiB;
  if (snapshot && sizeGiB < snapshot.sizeGiB) {
    throw new AwsError(
      "InvalidBlockDeviceMapping",
      `Volume of size ${sizeGiB}GB is smaller than snapshot '${root.snapshotId}', expect size >= ${snapshot.sizeGiB}GB`,
    );
  }
  return {
    sizeGiB,
    volumeType: mapping?.Ebs?.VolumeType ?? root.type,
    deleteOnTermination: mapping?.Ebs?.DeleteOnTermination ?? root.deleteOnTermination,
  };
}

function launch(
  cloud: Cloud,
  caller: Caller,
  input: RunInstancesRequest,
  plan: Plan,
  reservationId: string,
  launchIndex: number,
): Instance {
  const { state } = cloud.store;
  const now = new Date().toISOString();
  const [id, volumeId, networkInterfaceId] = [newId("i"), newId("vol"), newId("eni")];
  const ownerId = caller.accountId;
  tagAll(state, input, { instance: id, volume: volumeId, "network-interface": networkInterfaceId });
  state.networkInterfaces[networkInterfaceId] = {
    id: networkInterfaceId,
    ownerId,
    subnetId: plan.subnet.id,
    vpcId: plan.subnet.vpcId,
    macAddress: newMacAddress(),
    privateAddress: freePrivateAddress(state, plan.subnet),
    attachmentId: newId("eni-attach"),
    instanceId: id,
    description: input.NetworkInterfaces?.[0]?.Description ?? "",
    attachedAt: now,
    groupIds: plan.groupIds,
  };
  state.volumes[volumeId] = {
    id: volumeId,
    ownerId,
    snapshotId: plan.root.snapshotId,
    sizeGiB: plan.sizeGiB,
    type: plan.volumeType,
    encrypted: state.snapshots[plan.root.snapshotId]?.encrypted ?? false,
    createdAt: now,
    deleteOnTermination: plan.deleteOnTermination,
    instanceId: id,
    device: plan.root.device,
  };
  const metadata = input.MetadataOptions;
  const instance: Instance = {
    id,
    reservationId,
    ownerId,
    imageId: plan.image.id,
    type: plan.type,
    architecture: plan.image.architecture,
    ...(plan.image.bootMode && { bootMode: plan.image.bootMode }),
    ...(input.KeyName && { keyName: input.KeyName }),
    ...(input.ClientToken && { clientToken: input.ClientToken }),
    launchIndex,
    shutdownBehavior: input.InstanceInitiatedShutdownBehavior === "terminate" ? "terminate" : "stop",
    metadata: {
      httpEndpoint: metadata?.HttpEndpoint ?? "enabled",
      httpTokens: metadata?.HttpTokens ?? (plan.image.imdsSupport === "v2.0" ? "required" : "optional"),
      hopLimit: metadata?.HttpPutResponseHopLimit ?? (plan.image.imdsSupport === "v2.0" ? 2 : 1),
    },
    rootDevice: plan.root.device,
    volumeId,
    networkInterfaceId,
    wantsPublicAddress: plan.publicAddress,
    launchTime: now,
    state: "pending",
    reason: { code: "pending", message: "pending" },
    transition: "",
  };
  state.instances[id] = instance;
  cloud.fleet.assignAddress(instance);
  return instance;
}

function tagAll(state: State, input: RunInstancesRequest, made: Record<string, string>): void {
  for (const [type, id] of Object.entries(made)) {
    setTags(state, id, specifiedTags(input.TagSpecifications, type, Object.keys(made)));
  }
}

function newMacAddress(): string {
  return ["02", ...Array.from(randomBytes(5), (byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

// AWS keeps the first four addresses of a subnet and the last one for itself.
function freePrivateAddress(state: State, subnet: Subnet): string {
  const [network = "", bits = "24"] = subnet.cidr.split("/");
  const base = network.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const used = new Set(Object.values(state.networkInterfaces).map((nic) => nic.privateAddress));
  for (let host = 4; host < 2 ** (32 - Number(bits)) - 1; host += 1) {
    const address = [24, 16, 8, 0].map((shift) => Math.floor((base + host) / 2 ** shift) % 256).join(".");
    if (!used.has(address)) return address;
  }
  throw new AwsError(
    "InsufficientFreeAddressesInSubnet",
    `The specified subnet does not have enough free addresses to satisfy the request.`,
  );
}
