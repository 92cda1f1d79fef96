import {
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  type Image as Ec2Image,
  paginateDescribeImages,
  paginateDescribeSnapshots,
  RegisterImageCommand,
} from "@aws-sdk/client-ec2";
import { ResourceGone } from "../errors.ts";
import type { Image } from "../records.ts";
import { ec2 } from "./ec2-client.ts";
import { attemptName, ownFilters, TAG_RELEASE, tagSpecification, tagsOf, tagValue } from "./names.ts";

const ROOT_DEVICE = "/dev/xvda";

function snapshotOf(image: Ec2Image): string {
  return image.BlockDeviceMappings?.find((mapping) => mapping.Ebs?.SnapshotId)?.Ebs?.SnapshotId ?? "";
}

async function imageNamed(name: string): Promise<Ec2Image | undefined> {
  const { Images } = await ec2().send(
    new DescribeImagesCommand({ Owners: ["self"], Filters: [{ Name: "name", Values: [name] }] }),
  );
  return Images?.[0];
}

/**
 * Registers a snapshot as the release's image, or finds the one registered before. EC2's defaults (i386,
 * paravirtual, BIOS) do not boot our disk, so every property is named.
 */
export async function registerImage(release: number, snapshotId: string): Promise<Image> {
  const Name = attemptName(release, 1);
  try {
    const { ImageId } = await ec2().send(
      new RegisterImageCommand({
        Name,
        Description: `mirage-pages release ${release}`,
        Architecture: "x86_64",
        VirtualizationType: "hvm",
        BootMode: "uefi",
        EnaSupport: true,
        ImdsSupport: "v2.0",
        RootDeviceName: ROOT_DEVICE,
        BlockDeviceMappings: [
          {
            DeviceName: ROOT_DEVICE,
            Ebs: { SnapshotId: snapshotId, VolumeType: "gp3", DeleteOnTermination: true },
          },
        ],
        TagSpecifications: [tagSpecification("image", release, 1)],
      }),
    );
    return { imageId: ImageId ?? "", snapshotId };
  } catch (error) {
    if (!(error instanceof Error && error.name === "InvalidAMIName.Duplicate")) throw error;
    const found = await imageNamed(Name);
    if (found?.ImageId === undefined) throw new ResourceGone(`The image ${Name} exists but cannot be found.`);
    return { imageId: found.ImageId, snapshotId: snapshotOf(found) };
  }
}

/** Takes over the image that an image import made: gives it and its snapshot the release's tags. */
export async function adoptImage(release: number, imageId: string): Promise<Image> {
  const { Images } = await ec2().send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  const image = Images?.[0];
  if (image === undefined) throw new ResourceGone(`The imported image ${imageId} is gone; deploy again.`);
  const snapshotId = snapshotOf(image);
  await ec2().send(new CreateTagsCommand({ Resources: [imageId, snapshotId], Tags: tagsOf(release, 1) }));
  return { imageId, snapshotId };
}

/** The stack's own images with the releases they belong to. */
export async function listImages(
  release?: number,
): Promise<{ imageId: string; release: number; snapshotId: string }[]> {
  const images: { imageId: string; release: number; snapshotId: string }[] = [];
  const query = { Owners: ["self"], Filters: ownFilters(release) };
  for await (const page of paginateDescribeImages({ client: ec2() }, query)) {
    for (const image of page.Images ?? []) {
      const number = Number(tagValue(image.Tags, TAG_RELEASE) ?? 0);
      images.push({ imageId: image.ImageId ?? "", release: number, snapshotId: snapshotOf(image) });
    }
  }
  return images;
}

/** The stack's own snapshots with the releases they belong to. */
export async function listSnapshots(release?: number): Promise<{ snapshotId: string; release: number }[]> {
  const snapshots: { snapshotId: string; release: number }[] = [];
  const query = { OwnerIds: ["self"], Filters: ownFilters(release) };
  for await (const page of paginateDescribeSnapshots({ client: ec2() }, query)) {
    for (const snapshot of page.Snapshots ?? []) {
      const number = Number(tagValue(snapshot.Tags, TAG_RELEASE) ?? 0);
      snapshots.push({ snapshotId: snapshot.SnapshotId ?? "", release: number });
    }
  }
  return snapshots;
}

/** Deregisters an image; its snapshot stays and is deleted on its own. */
export async function removeImage(imageId: string): Promise<void> {
  try {
    await ec2().send(new DeregisterImageCommand({ ImageId: imageId }));
  } catch (error) {
    if (!(error instanceof Error && /^InvalidAMIID\.(NotFound|Unavailable)$/.test(error.name))) throw error;
  }
}

/** Deletes a snapshot; one that is gone already is no error. */
export async function removeSnapshot(snapshotId: string): Promise<void> {
  try {
    await ec2().send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  } catch (error) {
    if (!(error instanceof Error && error.name === "InvalidSnapshot.NotFound")) throw error;
  }
}
