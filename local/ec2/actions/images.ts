import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import { action } from "../cloud.ts";
import { invalidValue, notFound, required } from "../errors.ts";
import { newId } from "../ids.ts";
import { byIds, type Fields, paginate, select } from "../select.ts";
import type { Image, ImageMapping, State } from "../state.ts";
import { setTags, specifiedTags, tagsOf } from "../tags.ts";
import { imageView } from "../views.ts";

/**
 * Makes an image of snapshots. Left out members get AWS's defaults: i386, paravirtual, no ENA. They make an
 * image that no instance type here runs, so forgetting them shows as it does on AWS.
 */
export const registerImage = action<ec2.RegisterImageRequest, ec2.RegisterImageResult>(
  [
    ...(["Name", "Description", "Architecture", "VirtualizationType", "BootMode", "EnaSupport"] as const),
    ...(["ImdsSupport", "RootDeviceName", "BlockDeviceMappings", "TagSpecifications"] as const),
  ],
  (input, cloud, caller) => {
    const { state } = cloud.store;
    const name = readName(input.Name, state);
    const rootDevice = required(input.RootDeviceName, "RootDeviceName");
    const mappings = (input.BlockDeviceMappings ?? []).map((mapping) => readMapping(mapping, state));
    if (!mappings.some(({ device }) => device === rootDevice)) {
      throw new AwsError(
        "InvalidBlockDeviceMapping",
        `The root device name '${rootDevice}' has no mapping with a snapshot: specify a snapshot for the root device.`,
      );
    }
    const architecture = oneOf(input.Architecture ?? "i386", ["i386", "x86_64", "arm64"], "architecture");
    const virtualizationType = oneOf(
      input.VirtualizationType ?? "paravirtual",
      ["paravirtual", "hvm"],
      "virtualizationType",
    );
    const bootMode =
      input.BootMode && oneOf(input.BootMode, ["legacy-bios", "uefi", "uefi-preferred"], "bootMode");
    if (bootMode && virtualizationType !== "hvm") {
      throw new AwsError("InvalidParameterCombination", "A boot mode can be specified for HVM images only.");
    }
    const image: Image = {
      id: newId("ami"),
      ownerId: caller.accountId,
      name,
      ...(input.Description && { description: input.Description }),
      architecture,
      virtualizationType,
      ...(bootMode && { bootMode }),
      enaSupport: input.EnaSupport ?? false,
      ...(input.ImdsSupport && { imdsSupport: oneOf(input.ImdsSupport, ["v2.0"], "imdsSupport") }),
      rootDevice,
      createdAt: new Date().toISOString(),
      mappings,
      state: "available",
    };
    setTags(state, image.id, specifiedTags(input.TagSpecifications, "image"));
    state.images[image.id] = image;
    return { ImageId: image.id };
  },
);

function readName(name: string | undefined, state: State): string {
  const text = required(name, "Name");
  if (!/^[\w()[\] ./'@-]{3,128}$/.test(text)) {
    throw new AwsError(
      "InvalidAMIName.Malformed",
      "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '[', ']', ' ', '.', '/', '-', ''', '@' and '_'",
    );
  }
  const holder = Object.values(state.images).find((image) => image.name === text);
  if (holder) {
    throw new AwsError("InvalidAMIName.Duplicate", `AMI name ${text} is already in use by AMI ${holder.id}`);
  }
  return text;
}

function readMapping({ DeviceName, Ebs }: ec2.BlockDeviceMapping, state: State): ImageMapping {
  const device = required(DeviceName, "BlockDeviceMapping.DeviceName");
  const snapshotId = Ebs?.SnapshotId;
  if (!snapshotId) {
    throw new AwsError("InvalidBlockDeviceMapping", `The device '${device}' names no snapshot.`);
  }
  if (Ebs.Encrypted !== undefined) {
    throw new AwsError(
      "InvalidBlockDeviceMapping",
      `The encrypted flag cannot be specified since device ${device} has a snapshot specified.`,
    );
  }
  const snapshot = state.snapshots[snapshotId];
  if (!snapshot) throw notFound("snapshot", snapshotId);
  if (snapshot.state !== "completed") {
    throw new AwsError(
      "IncorrectState",
      `The snapshot '${snapshotId}' is not completed: it is ${snapshot.state}.`,
    );
  }
  const sizeGiB = Ebs.VolumeSize ?? snapshot.sizeGiB;
  if (sizeGiB < snapshot.sizeGiB) {
    throw new AwsError(
      "InvalidBlockDeviceMapping",
      `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshotId}', expect size >= ${snapshot.sizeGiB}GB`,
    );
  }
  const type = oneOf(
    Ebs.VolumeType ?? "standard",
    ["standard", "gp2", "gp3", "io1", "io2", "st1", "sc1"],
    "volumeType",
  );
  return { device, snapshotId, sizeGiB, type, deleteOnTermination: Ebs.DeleteOnTermination ?? true };
}

function oneOf(value: string, allowed: readonly string[], name: string): string {
  if (allowed.includes(value)) return value;
  throw invalidValue(
    `Value (${value}) for parameter ${name} is invalid. Valid values: ${allowed.join(", ")}`,
  );
}

/** Takes an image away. Its snapshots stay, unless DeleteAssociatedSnapshots says otherwise. */
export const deregisterImage = action<ec2.DeregisterImageRequest, ec2.DeregisterImageResult>(
  ["ImageId", "DeleteAssociatedSnapshots"],
  async (input, cloud) => {
    const { state } = cloud.store;
    const id = required(input.ImageId, "ImageId");
    const image = state.images[id];
    if (!image) throw notFound("image", id);
    delete state.images[id];
    delete state.tags[id];
    if (!input.DeleteAssociatedSnapshots) return { Return: true };
    const results: ec2.DeleteSnapshotReturnCode[] = [];
    for (const { snapshotId } of image.mappings) {
      const shared = Object.values(state.images).some((other) => uses(other, snapshotId));
      if (!shared) await cloud.snapshots.remove(snapshotId);
      results.push({ SnapshotId: snapshotId, ReturnCode: shared ? "skipped" : "success" });
    }
    return { Return: true, DeleteSnapshotResults: results };
  },
);

/** Whether an image is made of that snapshot. */
export function uses(image: Image, snapshotId: string): boolean {
  return image.mappings.some((mapping) => mapping.snapshotId === snapshotId);
}

export const describeImages = action<ec2.DescribeImagesRequest, ec2.DescribeImagesResult>(
  ["ImageIds", "Owners", "Filters", "MaxResults", "NextToken"],
  (input, cloud, caller) => {
    const { state } = cloud.store;
    const fields: Fields<Image> = {
      name: (image) => [image.name],
      "image-id": (image) => [image.id],
      state: (image) => [image.state],
      architecture: (image) => [image.architecture],
      "virtualization-type": (image) => [image.virtualizationType],
      "root-device-name": (image) => [image.rootDevice],
      "root-device-type": () => ["ebs"],
      "owner-id": (image) => [image.ownerId],
      "is-public": () => ["false"],
      description: (image) => [image.description],
      "block-device-mapping.snapshot-id": (image) => image.mappings.map(({ snapshotId }) => snapshotId),
    };
    const owners = input.Owners?.map((owner) => (owner === "self" ? caller.accountId : owner));
    const named = byIds(state.images, input.ImageIds, (id) => notFound("image", id)).filter(
      (image) => !owners?.length || owners.includes(image.ownerId),
    );
    const found = select(named, input.Filters, fields, (image) => tagsOf(state, image.id));
    const page = paginate(found, input.MaxResults, input.NextToken, 1);
    return { Images: page.items.map((image) => imageView(state, image)), NextToken: page.next };
  },
);
