import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import { action } from "../cloud.ts";
import { notFound, required } from "../errors.ts";
import { byIds, type Fields, paginate, select } from "../select.ts";
import type { Snapshot, Volume } from "../state.ts";
import { tagsOf } from "../tags.ts";
import { snapshotView, volumeView } from "../views.ts";
import { uses } from "./images.ts";

export const describeSnapshots = action<ec2.DescribeSnapshotsRequest, ec2.DescribeSnapshotsResult>(
  ["SnapshotIds", "OwnerIds", "Filters", "MaxResults", "NextToken"],
  (input, cloud, caller) => {
    const { state } = cloud.store;
    const fields: Fields<Snapshot> = {
      "snapshot-id": (snapshot) => [snapshot.id],
      status: (snapshot) => [snapshot.state],
      description: (snapshot) => [snapshot.description],
      encrypted: (snapshot) => [String(snapshot.encrypted)],
      "owner-id": (snapshot) => [snapshot.ownerId],
      progress: (snapshot) => [snapshot.progress],
      "volume-size": (snapshot) => [String(snapshot.sizeGiB)],
    };
    const owners = input.OwnerIds?.map((owner) => (owner === "self" ? caller.accountId : owner));
    const named = byIds(state.snapshots, input.SnapshotIds, (id) => notFound("snapshot", id)).filter(
      (snapshot) => !owners?.length || owners.includes(snapshot.ownerId),
    );
    const found = select(named, input.Filters, fields, (snapshot) => tagsOf(state, snapshot.id));
    const page = paginate(found, input.MaxResults, input.NextToken);
    return { Snapshots: page.items.map((snapshot) => snapshotView(state, snapshot)), NextToken: page.next };
  },
);

/** Deletes a snapshot that no image is made of. */
export const deleteSnapshot = action<ec2.DeleteSnapshotRequest, object>(
  ["SnapshotId"],
  async (input, cloud) => {
    const { state } = cloud.store;
    const id = required(input.SnapshotId, "SnapshotId");
    if (!state.snapshots[id]) throw notFound("snapshot", id);
    const user = Object.values(state.images).find((image) => uses(image, id));
    if (user) {
      throw new AwsError("InvalidSnapshot.InUse", `The snapshot ${id} is currently in use by ${user.id}`);
    }
    await cloud.snapshots.remove(id);
    return {};
  },
);

export const describeVolumes = action<ec2.DescribeVolumesRequest, ec2.DescribeVolumesResult>(
  ["VolumeIds", "Filters", "MaxResults", "NextToken"],
  (input, cloud) => {
    const { state } = cloud.store;
    const fields: Fields<Volume> = {
      "volume-id": (volume) => [volume.id],
      "snapshot-id": (volume) => [volume.snapshotId],
      status: (volume) => [volume.instanceId ? "in-use" : "available"],
      "attachment.instance-id": (volume) => [volume.instanceId],
      encrypted: (volume) => [String(volume.encrypted)],
      size: (volume) => [String(volume.sizeGiB)],
    };
    const named = byIds(state.volumes, input.VolumeIds, (id) => notFound("volume", id));
    const found = select(named, input.Filters, fields, (volume) => tagsOf(state, volume.id));
    const page = paginate(found, input.MaxResults, input.NextToken);
    return { Volumes: page.items.map((volume) => volumeView(state, volume)), NextToken: page.next };
  },
);
