import type * as ec2 from "@aws-sdk/client-ec2";
import type { State } from "../ec2/state.ts";
import { resourceType, tagsOf } from "../ec2/tags.ts";
import { readCall, readInput } from "../ec2/wire/request.ts";
import { operation } from "../ec2/wire/schema.ts";
import type { Caller } from "../service.ts";
import type { ApiCall, Demands } from "./demands.ts";
import { demand, requestTags, resourceTags } from "./demands.ts";
import type { Question } from "./evaluate.ts";

/** What the permissions of one EC2 call are made of. */
interface Subject {
  readonly caller: Caller;
  readonly state: Readonly<State>;
}

/** These have no account in their ARNs, for they may be anybody's. */
const shared = ["image", "snapshot"];

function arnOf({ region, accountId }: Caller, type: string, id: string): string {
  return `arn:aws:ec2:${region}:${shared.includes(type) ? "" : accountId}:${type}/${id}`;
}

/**
 * A permission on something that there is, by the tags it bears. Of what is not there (any more) no condition
 * is asked: the call goes on to EC2's own "does not exist" and changes nothing.
 */
export function onExisting(action: string, id: string, { caller, state }: Subject, keys = {}): Question {
  const resource = arnOf(caller, resourceType(id) ?? "unknown", id);
  if (!exists(state, id)) return { action, resource, context: undefined };
  return demand(action, resource, { ...resourceTags(tagsOf(state, id)), ...keys });
}

function exists(state: Readonly<State>, id: string): boolean {
  const { instances, images, snapshots, volumes, networkInterfaces } = state;
  const { addresses, groups, subnets, vpcs, importTasks } = state;
  const homes = [instances, images, snapshots, volumes, networkInterfaces, addresses, groups, subnets, vpcs];
  return [...homes, importTasks].some((home) => Object.hasOwn(home, id));
}

/** A permission to make something of a type with the tags that the call gives it, and to give them. */
function making(
  action: string,
  type: string,
  tags: readonly ec2.Tag[],
  { caller }: Subject,
  keys: Record<string, string[]> = {},
): Question[] {
  const resource = arnOf(caller, type, "*");
  const made = demand(`ec2:${action}`, resource, { ...requestTags(tags), ...keys });
  if (tags.length === 0) return [made];
  const CreateAction = { "ec2:CreateAction": [action] };
  return [made, demand("ec2:CreateTags", resource, { ...requestTags(tags), ...CreateAction })];
}

/** StartSnapshot of the EBS direct APIs: the same, under another service's name. */
export function startingSnapshot(tags: readonly ec2.Tag[], parent: string, subject: Subject): Question[] {
  const [made, ...tagging] = making("StartSnapshot", "snapshot", tags, subject);
  const parents = parent === "" ? [] : [onExisting("ebs:StartSnapshot", parent, subject)];
  return [{ ...(made as Question), action: "ebs:StartSnapshot" }, ...tagging, ...parents];
}

function tagsFor(input: { TagSpecifications?: ec2.TagSpecification[] | undefined }, type: string): ec2.Tag[] {
  const specified = (input.TagSpecifications ?? []).filter(({ ResourceType }) => ResourceType === type);
  return specified.flatMap(({ Tags }) => Tags ?? []);
}

function runInstances(input: ec2.RunInstancesRequest, subject: Subject): Question[] | undefined {
  // Each of these would need permissions on top of these, PassRole among them.
  if (input.IamInstanceProfile || input.KeyName || input.LaunchTemplate) return undefined;
  const [nic] = input.NetworkInterfaces ?? [];
  const snapshots = (input.BlockDeviceMappings ?? []).map(({ Ebs }) => Ebs?.SnapshotId ?? "");
  const named = [
    input.ImageId ?? "",
    nic?.SubnetId ?? input.SubnetId ?? "",
    ...(nic?.Groups ?? input.SecurityGroupIds ?? []),
    ...snapshots,
  ];
  const type = { "ec2:InstanceType": [input.InstanceType ?? "m1.small"] };
  return [
    ...named.filter((id) => id !== "").map((id) => onExisting("ec2:RunInstances", id, subject)),
    ...making("RunInstances", "instance", tagsFor(input, "instance"), subject, type),
    ...making("RunInstances", "volume", tagsFor(input, "volume"), subject),
    ...making("RunInstances", "network-interface", tagsFor(input, "network-interface"), subject),
  ];
}

function associateAddress(input: ec2.AssociateAddressRequest, subject: Subject): Question[] {
  const { instances, networkInterfaces } = subject.state;
  const nic = input.NetworkInterfaceId ?? instances[input.InstanceId ?? ""]?.networkInterfaceId;
  const instance = input.InstanceId ?? networkInterfaces[nic ?? ""]?.instanceId;
  const ids = [input.AllocationId, instance, nic].filter((id) => id !== undefined);
  return ids.map((id) => onExisting("ec2:AssociateAddress", id, subject));
}

function createTags(input: ec2.CreateTagsRequest, subject: Subject): Question[] {
  const keys = requestTags(input.Tags ?? []);
  return (input.Resources ?? []).map((id) => onExisting("ec2:CreateTags", id, subject, keys));
}

function registerImage(input: ec2.RegisterImageRequest, subject: Subject): Question[] {
  const snapshots = (input.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
  return [
    ...making("RegisterImage", "image", tagsFor(input, "image"), subject),
    ...snapshots.map((id) => onExisting("ec2:RegisterImage", id, subject)),
  ];
}

/**
 * Naming a role asks for PassRole. The service authorization reference does not say so, a report does
 * (https://github.com/aws/aws-sdk/issues/808): a role that has it works either way.
 */
function passingRole({ RoleName }: { RoleName?: string | undefined }, { caller }: Subject): Question[] {
  const service = { "iam:PassedToService": ["vmie.amazonaws.com"] };
  const role = `arn:aws:iam::${caller.accountId}:role/${RoleName}`;
  return RoleName === undefined ? [] : [demand("iam:PassRole", role, service)];
}

type Named = Record<string, string | string[] | undefined>;

/** Actions on the things that this member of their request names. */
const onNamed: Readonly<Record<string, string>> = {
  CancelImportTask: "ImportTaskId",
  DeleteSnapshot: "SnapshotId",
  DeregisterImage: "ImageId",
  GetConsoleOutput: "InstanceId",
  RebootInstances: "InstanceIds",
  StartInstances: "InstanceIds",
  StopInstances: "InstanceIds",
  TerminateInstances: "InstanceIds",
};

/**
 * The permissions of EC2's calls.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
export function ec2Demands(state: Readonly<State>): Demands {
  return (call: ApiCall) => {
    const { action, caller } = call;
    // Describe* know no resources.
    if (/^Describe\w+$/.test(action)) return [demand(`ec2:${action}`, "*")];
    const shapes = operation(action);
    if (shapes === undefined) return undefined;
    const input = readInput(readCall(call.body?.toString() ?? "").form, shapes.input);
    const subject = { caller, state };
    const member = Object.hasOwn(onNamed, action) ? onNamed[action] : undefined;
    if (member !== undefined) {
      const ids = [(input as Named)[member] ?? []].flat();
      return ids.map((id) => onExisting(`ec2:${action}`, id, subject));
    }
    switch (action) {
      case "AssociateAddress":
        return associateAddress(input, subject);
      case "CreateTags":
        return createTags(input as unknown as ec2.CreateTagsRequest, subject);
      case "ImportImage":
        return [
          ...making(action, "import-image-task", tagsFor(input, "import-image-task"), subject),
          ...making(action, "image", [], subject),
          ...making(action, "snapshot", [], subject),
          ...passingRole(input, subject),
        ];
      case "ImportSnapshot":
        return [
          ...making(action, "import-snapshot-task", tagsFor(input, "import-snapshot-task"), subject),
          ...making(action, "snapshot", [], subject),
          ...passingRole(input, subject),
        ];
      case "RegisterImage":
        return registerImage(input as unknown as ec2.RegisterImageRequest, subject);
      case "RunInstances":
        return runInstances(input as unknown as ec2.RunInstancesRequest, subject);
      default:
        return undefined;
    }
  };
}
