import {
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  type Image as Ec2Image,
  type Filter,
  paginateDescribeImages,
  paginateDescribeSnapshots,
  RegisterImageCommand,
  type Tag,
} from "@aws-sdk/client-ec2";
import { ResourceGone, TransientFault } from "../errors.ts";
import type { Image } from "../releases/records.ts";
import { ec2 } from "./ec2-client.ts";
import { notFoundYet } from "./fresh.ts";
import type { Imported } from "./imports.ts";
import { attemptName, ownFilters, releaseTag, tagSpecification, tagsOf } from "./names.ts";

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
  // ImportSnapshot gives its snapshot no tags; those that StartSnapshot gave are the same.
  await tag(release, [snapshotId]);
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
    if (!(error instanceof Error && error.name === "InvalidAMIName.Duplicate"))
      throw notFoundYet(error, `The snapshot ${snapshotId} is not found yet`);
    const found = await imageNamed(Name);
    if (found?.ImageId === undefined)
      throw new TransientFault(`The image ${Name} exists but is not found yet.`);
    return { imageId: found.ImageId, snapshotId: snapshotOf(found) };
  }
}

/** Takes over the image that an image import made: gives it and its snapshot the release's tags. */
export async function adoptImage(release: number, imageId: string): Promise<Image> {
  const [image] = await described(imageId);
  if (image === undefined) throw new ResourceGone(`The imported image ${imageId} is gone; deploy again.`);
  const snapshotId = snapshotOf(image);
  await tag(release, [imageId, snapshotId]);
  return { imageId, snapshotId };
}

async function described(imageId: string): Promise<Ec2Image[]> {
  try {
    return (await ec2().send(new DescribeImagesCommand({ ImageIds: [imageId] }))).Images ?? [];
  } catch (error) {
    throw notFoundYet(error, `The imported image ${imageId} is not found yet`);
  }
}

async function tag(release: number, Resources: string[]): Promise<void> {
  try {
    await ec2().send(new CreateTagsCommand({ Resources, Tags: tagsOf(release, 1) }));
  } catch (error) {
    throw notFoundYet(error, `${Resources.join(" and ")} cannot be tagged yet`);
  }
}

/**
 * The stack's own images with the releases they belong to: those that bear its tag, and of what imports have made
 * those that are still there.
 */
export async function listImages(
  release?: number,
  imported: readonly Imported[] = [],
): Promise<{ imageId: string; release: number }[]> {
  const made = new Map(imported.map((one) => [one.imageId, one.release]));
  const found = await listed(release, made, "image-id", async function* (Filters) {
    for await (const page of paginateDescribeImages({ client: ec2() }, { Owners: ["self"], Filters })) {
      for (const { ImageId: id, Tags: tags } of page.Images ?? []) yield { id, tags };
    }
  });
  return found.map(([imageId, number]) => ({ imageId, release: number }));
}

/** The stack's own snapshots with the releases they belong to; see `listImages`. */
export async function listSnapshots(
  release?: number,
  imported: readonly Imported[] = [],
): Promise<{ snapshotId: string; release: number }[]> {
  const made = new Map(imported.map((one) => [one.snapshotId, one.release]));
  const found = await listed(release, made, "snapshot-id", async function* (Filters) {
    for await (const page of paginateDescribeSnapshots({ client: ec2() }, { OwnerIds: ["self"], Filters })) {
      for (const { SnapshotId: id, Tags: tags } of page.Snapshots ?? []) yield { id, tags };
    }
  });
  return found.map(([snapshotId, number]) => ({ snapshotId, release: number }));
}

type Find = (filters: Filter[]) => AsyncIterable<{ id: string | undefined; tags: Tag[] | undefined }>;

/** Ids with their releases: what `find` gives for the stack's tag, and for the ids that imports have `made`. */
async function listed(
  release: number | undefined,
  made: ReadonlyMap<string | undefined, number>,
  idFilter: string,
  find: Find,
): Promise<[id: string, release: number][]> {
  const found = new Map<string, number>();
  for (const filters of [ownFilters(release), ...idFilters(idFilter, made.keys())]) {
    for await (const { id = "", tags } of find(filters)) {
      found.set(id, await releaseOf(id, tags, made.get(id)));
    }
  }
  return [...found];
}

/** The release of what was found. What only its import knows gets our tags: policies let go of nothing else. */
async function releaseOf(id: string, tags: Tag[] | undefined, imported: number | undefined): Promise<number> {
  const tagged = releaseTag(tags);
  if (imported !== undefined && tagged === undefined) await tag(imported, [id]);
  return tagged ?? imported ?? 0;
}

/** A filter, unlike a list of ids, passes over what is gone. A filter takes 200 values. */
function idFilters(Name: string, ids: Iterable<string | undefined>) {
  const all = [...ids].filter((id) => id !== undefined);
  const batches = Array.from({ length: Math.ceil(all.length / 200) }, (_, i) =>
    all.slice(200 * i, 200 * (i + 1)),
  );
  return batches.map((Values) => [{ Name, Values }]);
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
