import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import { action } from "../cloud.ts";
import { missing } from "../errors.ts";
import { type Fields, paginate, select } from "../select.ts";
import type { State } from "../state.ts";
import { resourceType, setTags } from "../tags.ts";

/** Whether a resource of that id is there to be tagged. */
function exists(state: State, id: string): boolean {
  const homes: readonly Record<string, unknown>[] = [
    ...[state.instances, state.images, state.snapshots, state.volumes, state.networkInterfaces],
    ...[state.addresses, state.groups, state.subnets, state.vpcs, state.importTasks],
  ];
  const provisioned = Object.values(state.provisioned).some(({ ref }) => ref === id);
  return provisioned || homes.some((home) => Object.hasOwn(home, id));
}

function check(state: State, ids: readonly string[] | undefined): readonly string[] {
  if (!ids?.length) throw missing("ResourceId");
  const unknown = ids.find((id) => !exists(state, id));
  if (unknown !== undefined) throw new AwsError("InvalidID", `The ID '${unknown}' is not valid`);
  return ids;
}

export const createTags = action<ec2.CreateTagsRequest, object>(["Resources", "Tags"], (input, cloud) => {
  const ids = check(cloud.store.state, input.Resources);
  if (!input.Tags?.length) throw missing("Tag");
  for (const id of ids) setTags(cloud.store.state, id, input.Tags);
  return {};
});

/** Takes tags away: those named (with that value, where one is given), or all. */
export const deleteTags = action<ec2.DeleteTagsRequest, object>(["Resources", "Tags"], (input, cloud) => {
  const { state } = cloud.store;
  for (const id of check(state, input.Resources)) {
    const kept = Object.entries(state.tags[id] ?? {}).filter(
      ([key, value]) =>
        input.Tags?.length &&
        !input.Tags.some((tag) => tag.Key === key && (tag.Value === undefined || tag.Value === value)),
    );
    if (kept.length === 0) delete state.tags[id];
    else state.tags[id] = Object.fromEntries(kept);
  }
  return {};
});

export const describeTags = action<ec2.DescribeTagsRequest, ec2.DescribeTagsResult>(
  ["Filters", "MaxResults", "NextToken"],
  (input, cloud) => {
    const all = Object.entries(cloud.store.state.tags).flatMap(([id, tags]) =>
      Object.entries(tags).map(([key, value]) => ({ id, key, value })),
    );
    const fields: Fields<(typeof all)[number]> = {
      "resource-id": (tag) => [tag.id],
      "resource-type": (tag) => [resourceType(tag.id)],
      key: (tag) => [tag.key],
      value: (tag) => [tag.value],
    };
    const found = select(all, input.Filters, fields, (tag) => ({ [tag.key]: tag.value }));
    const page = paginate(found, input.MaxResults, input.NextToken);
    const Tags = page.items.map(({ id, key, value }) => ({
      ResourceId: id,
      ResourceType: resourceType(id) as ec2.ResourceType | undefined,
      Key: key,
      Value: value,
    }));
    return { Tags, NextToken: page.next };
  },
);
