import type * as ec2 from "@aws-sdk/client-ec2";
import type { Cloud } from "./cloud.ts";
import type {
  ElasticAddress,
  Image,
  Instance,
  NetworkInterface,
  Rule,
  Snapshot,
  State,
  Volume,
} from "./state.ts";
import { instanceStates } from "./state.ts";
import { tagList } from "./tags.ts";

/** An instance as DescribeInstances gives it; what a terminated one has lost is missing from it. */
export function instanceView(cloud: Cloud, instance: Instance): ec2.Instance {
  const { state } = cloud.store;
  const nic = state.networkInterfaces[instance.networkInterfaceId];
  const volume = state.volumes[instance.volumeId];
  const subnet = nic && state.subnets[nic.subnetId];
  const address = cloud.fleet.publicAddress(instance);
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    InstanceType: instance.type as ec2._InstanceType,
    State: { Code: instanceStates[instance.state], Name: instance.state },
    StateTransitionReason: instance.transition,
    ...(instance.reason && { StateReason: { Code: instance.reason.code, Message: instance.reason.message } }),
    LaunchTime: new Date(instance.launchTime),
    AmiLaunchIndex: instance.launchIndex,
    Architecture: instance.architecture as ec2.ArchitectureValues,
    VirtualizationType: "hvm",
    Hypervisor: "xen",
    RootDeviceType: "ebs",
    RootDeviceName: instance.rootDevice,
    EnaSupport: true,
    EbsOptimized: false,
    Monitoring: { State: "disabled" },
    Placement: { AvailabilityZone: subnet?.zone, Tenancy: "default", GroupName: "" },
    PrivateDnsName: nic ? privateName(nic.privateAddress) : "",
    PublicDnsName: "",
    PrivateIpAddress: nic?.privateAddress,
    PublicIpAddress: address,
    SubnetId: nic?.subnetId,
    VpcId: nic?.vpcId,
    SourceDestCheck: true,
    SecurityGroups: nic ? groupIdentifiers(state, nic) : [],
    NetworkInterfaces: nic ? [attachedInterface(cloud, nic, address)] : [],
    BlockDeviceMappings: volume ? [instanceMapping(instance, volume)] : [],
    KeyName: instance.keyName,
    ClientToken: instance.clientToken ?? "",
    BootMode: instance.bootMode as ec2.BootModeValues | undefined,
    CurrentInstanceBootMode: instance.bootMode === "uefi" ? "uefi" : "legacy-bios",
    ...(instance.profileArn && { IamInstanceProfile: { Arn: instance.profileArn } }),
    MetadataOptions: {
      State: "applied",
      HttpEndpoint: instance.metadata.httpEndpoint as ec2.InstanceMetadataEndpointState,
      HttpTokens: instance.metadata.httpTokens as ec2.HttpTokensState,
      HttpPutResponseHopLimit: instance.metadata.hopLimit,
      HttpProtocolIpv6: "disabled",
      InstanceMetadataTags: "disabled",
    },
    Tags: tagList(state, instance.id),
  };
}

function privateName(address: string): string {
  return `ip-${address.replaceAll(".", "-")}.ec2.internal`;
}

function groupIdentifiers(state: State, nic: NetworkInterface): ec2.GroupIdentifier[] {
  return nic.groupIds.map((GroupId) => ({ GroupId, GroupName: state.groups[GroupId]?.name ?? GroupId }));
}

function instanceMapping(instance: Instance, volume: Volume): ec2.InstanceBlockDeviceMapping {
  return {
    DeviceName: instance.rootDevice,
    Ebs: {
      VolumeId: volume.id,
      Status: "attached",
      AttachTime: new Date(volume.createdAt),
      DeleteOnTermination: volume.deleteOnTermination,
    },
  };
}

function attachedInterface(
  cloud: Cloud,
  nic: NetworkInterface,
  address: string | undefined,
): ec2.InstanceNetworkInterface {
  const Association = association(cloud.store.state, nic, address);
  return {
    NetworkInterfaceId: nic.id,
    SubnetId: nic.subnetId,
    VpcId: nic.vpcId,
    MacAddress: nic.macAddress,
    OwnerId: nic.ownerId,
    Description: nic.description,
    Status: "in-use",
    SourceDestCheck: true,
    InterfaceType: "interface",
    PrivateIpAddress: nic.privateAddress,
    PrivateIpAddresses: [{ PrivateIpAddress: nic.privateAddress, Primary: true, Association }],
    Groups: groupIdentifiers(cloud.store.state, nic),
    Association,
    Attachment: {
      AttachmentId: nic.attachmentId,
      DeviceIndex: 0,
      NetworkCardIndex: 0,
      Status: "attached",
      AttachTime: new Date(nic.attachedAt),
      DeleteOnTermination: true,
    },
  };
}

function association(state: State, nic: NetworkInterface, address: string | undefined) {
  if (!address) return undefined;
  const elastic = Object.values(state.addresses).some((one) => one.instanceId === nic.instanceId);
  return { PublicIp: address, PublicDnsName: "", IpOwnerId: elastic ? nic.ownerId : "amazon" };
}

/** A network interface as DescribeNetworkInterfaces gives it. */
export function networkInterfaceView(cloud: Cloud, nic: NetworkInterface): ec2.NetworkInterface {
  const { state } = cloud.store;
  const instance = state.instances[nic.instanceId];
  const address = instance && cloud.fleet.publicAddress(instance);
  const elastic = Object.values(state.addresses).find((one) => one.instanceId === nic.instanceId);
  const shared = association(state, nic, address);
  const Association = shared && {
    ...shared,
    ...(elastic && { AllocationId: elastic.allocationId, AssociationId: elastic.associationId }),
  };
  return {
    NetworkInterfaceId: nic.id,
    SubnetId: nic.subnetId,
    VpcId: nic.vpcId,
    AvailabilityZone: state.subnets[nic.subnetId]?.zone,
    Description: nic.description,
    OwnerId: nic.ownerId,
    RequesterManaged: false,
    Status: "in-use",
    InterfaceType: "interface",
    MacAddress: nic.macAddress,
    PrivateIpAddress: nic.privateAddress,
    PrivateDnsName: privateName(nic.privateAddress),
    SourceDestCheck: true,
    Groups: groupIdentifiers(state, nic),
    Association,
    PrivateIpAddresses: [{ PrivateIpAddress: nic.privateAddress, Primary: true, Association }],
    Attachment: {
      AttachmentId: nic.attachmentId,
      DeviceIndex: 0,
      InstanceId: nic.instanceId,
      InstanceOwnerId: nic.ownerId,
      Status: "attached",
      AttachTime: new Date(nic.attachedAt),
      DeleteOnTermination: true,
    },
    TagSet: tagList(state, nic.id),
  };
}

/** An Elastic IP as DescribeAddresses gives it. */
export function addressView(cloud: Cloud, address: ElasticAddress): ec2.Address {
  const { state } = cloud.store;
  const instance = address.instanceId ? state.instances[address.instanceId] : undefined;
  const nic = instance && state.networkInterfaces[instance.networkInterfaceId];
  return {
    PublicIp: address.publicAddress,
    AllocationId: address.allocationId,
    Domain: "vpc",
    PublicIpv4Pool: "amazon",
    ...(instance && { InstanceId: instance.id, AssociationId: address.associationId }),
    ...(nic && {
      NetworkInterfaceId: nic.id,
      NetworkInterfaceOwnerId: nic.ownerId,
      PrivateIpAddress: nic.privateAddress,
    }),
    Tags: tagList(state, address.allocationId),
  };
}

/** An image as DescribeImages gives it. */
export function imageView(state: State, image: Image): ec2.Image {
  return {
    ImageId: image.id,
    Name: image.name,
    Description: image.description,
    ImageLocation: `${image.ownerId}/${image.name}`,
    ImageType: "machine",
    State: image.state,
    OwnerId: image.ownerId,
    Public: false,
    CreationDate: image.createdAt,
    Architecture: image.architecture as ec2.ArchitectureValues,
    VirtualizationType: image.virtualizationType as ec2.VirtualizationType,
    Hypervisor: "xen",
    PlatformDetails: "Linux/UNIX",
    UsageOperation: "RunInstances",
    EnaSupport: image.enaSupport,
    BootMode: image.bootMode as ec2.BootModeValues | undefined,
    ImdsSupport: image.imdsSupport as ec2.ImdsSupportValues | undefined,
    RootDeviceName: image.rootDevice,
    RootDeviceType: "ebs",
    BlockDeviceMappings: image.mappings.map((mapping) => ({
      DeviceName: mapping.device,
      Ebs: {
        SnapshotId: mapping.snapshotId,
        VolumeSize: mapping.sizeGiB,
        VolumeType: mapping.type as ec2.VolumeType,
        DeleteOnTermination: mapping.deleteOnTermination,
        Encrypted: state.snapshots[mapping.snapshotId]?.encrypted ?? false,
      },
    })),
    Tags: tagList(state, image.id),
  };
}

/** A snapshot as DescribeSnapshots gives it. */
export function snapshotView(state: State, snapshot: Snapshot): ec2.Snapshot {
  return {
    SnapshotId: snapshot.id,
    // Snapshots that were not made of a volume name this one, as on AWS.
    VolumeId: "vol-ffffffff",
    VolumeSize: snapshot.sizeGiB,
    State: snapshot.state,
    StateMessage: snapshot.message,
    Progress: snapshot.progress,
    StartTime: new Date(snapshot.startedAt),
    ...(snapshot.completedAt && { CompletionTime: new Date(snapshot.completedAt) }),
    OwnerId: snapshot.ownerId,
    Description: snapshot.description,
    Encrypted: snapshot.encrypted,
    KmsKeyId: snapshot.kmsKeyArn,
    StorageTier: "standard",
    Tags: tagList(state, snapshot.id),
  };
}

/** A volume as DescribeVolumes gives it. */
export function volumeView(state: State, volume: Volume): ec2.Volume {
  const instance = volume.instanceId ? state.instances[volume.instanceId] : undefined;
  const nic = instance && state.networkInterfaces[instance.networkInterfaceId];
  return {
    VolumeId: volume.id,
    SnapshotId: volume.snapshotId,
    Size: volume.sizeGiB,
    VolumeType: volume.type as ec2.VolumeType,
    AvailabilityZone: nic && state.subnets[nic.subnetId]?.zone,
    CreateTime: new Date(volume.createdAt),
    Encrypted: volume.encrypted,
    State: instance ? "in-use" : "available",
    MultiAttachEnabled: false,
    Attachments: instance
      ? [
          {
            VolumeId: volume.id,
            InstanceId: instance.id,
            Device: volume.device,
            State: "attached",
            AttachTime: new Date(volume.createdAt),
            DeleteOnTermination: volume.deleteOnTermination,
          },
        ]
      : [],
    Tags: tagList(state, volume.id),
  };
}

/** A security group's rules as DescribeSecurityGroups gives them. */
export function permissionsView(rules: readonly Rule[]): ec2.IpPermission[] {
  return rules.map((rule) => ({
    IpProtocol: rule.protocol,
    ...(rule.protocol !== "-1" && { FromPort: rule.fromPort, ToPort: rule.toPort }),
    IpRanges: rule.cidr.includes(":") ? [] : [{ CidrIp: rule.cidr, Description: rule.description }],
    Ipv6Ranges: rule.cidr.includes(":") ? [{ CidrIpv6: rule.cidr, Description: rule.description }] : [],
    UserIdGroupPairs: [],
    PrefixListIds: [],
  }));
}
