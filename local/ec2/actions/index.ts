import type { Action } from "../cloud.ts";
import {
  allocateAddress,
  associateAddress,
  describeAddresses,
  disassociateAddress,
  releaseAddress,
} from "./addresses.ts";
import { describeInstanceStatus, describeInstances } from "./describe-instances.ts";
import { deregisterImage, describeImages, registerImage } from "./images.ts";
import {
  cancelImportTask,
  describeImportImageTasks,
  describeImportSnapshotTasks,
  importImage,
  importSnapshot,
} from "./imports.ts";
import {
  getConsoleOutput,
  rebootInstances,
  startInstances,
  stopInstances,
  terminateInstances,
} from "./instance-states.ts";
import {
  describeNetworkInterfaces,
  describeSecurityGroups,
  describeSubnets,
  describeVpcs,
} from "./network.ts";
import {
  describeAvailabilityZones,
  describeInstanceTypeOfferings,
  describeInstanceTypes,
  describeRegions,
} from "./region.ts";
import { runInstances } from "./run-instances.ts";
import { deleteSnapshot, describeSnapshots, describeVolumes } from "./snapshots.ts";
import { createTags, deleteTags, describeTags } from "./tags.ts";

/** Every action that the local EC2 has. */
export const actions: ReadonlyMap<string, Action> = new Map(
  Object.entries({
    AllocateAddress: allocateAddress,
    AssociateAddress: associateAddress,
    CancelImportTask: cancelImportTask,
    CreateTags: createTags,
    DeleteSnapshot: deleteSnapshot,
    DeleteTags: deleteTags,
    DeregisterImage: deregisterImage,
    DescribeAddresses: describeAddresses,
    DescribeAvailabilityZones: describeAvailabilityZones,
    DescribeImages: describeImages,
    DescribeImportImageTasks: describeImportImageTasks,
    DescribeImportSnapshotTasks: describeImportSnapshotTasks,
    DescribeInstanceStatus: describeInstanceStatus,
    DescribeInstanceTypeOfferings: describeInstanceTypeOfferings,
    DescribeInstanceTypes: describeInstanceTypes,
    DescribeInstances: describeInstances,
    DescribeNetworkInterfaces: describeNetworkInterfaces,
    DescribeRegions: describeRegions,
    DescribeSecurityGroups: describeSecurityGroups,
    DescribeSnapshots: describeSnapshots,
    DescribeSubnets: describeSubnets,
    DescribeTags: describeTags,
    DescribeVolumes: describeVolumes,
    DescribeVpcs: describeVpcs,
    DisassociateAddress: disassociateAddress,
    GetConsoleOutput: getConsoleOutput,
    ImportImage: importImage,
    ImportSnapshot: importSnapshot,
    RebootInstances: rebootInstances,
    RegisterImage: registerImage,
    ReleaseAddress: releaseAddress,
    RunInstances: runInstances,
    StartInstances: startInstances,
    StopInstances: stopInstances,
    TerminateInstances: terminateInstances,
  }),
);
