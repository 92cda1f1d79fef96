import type { Tag, TagSpecification } from "@aws-sdk/client-ec2";
import { AwsError } from "../service.ts";
import { invalidValue } from "./errors.ts";
import type { State } from "./state.ts";

const mostTags = 50;

/** A resource's tags. */
export function tagsOf(state: State, id: string): Record<string, string> {
  return state.tags[id] ?? {};
}

/** A resource's tags as the API gives them. */
export function tagList(state: State, id: string): Tag[] {
  return Object.entries(tagsOf(state, id)).map(([Key, Value]) => ({ Key, Value }));
}

/**
 * Sets tags of a resource. Throws InvalidParameterValue for keys and values AWS refuses (a key of more than
 * 127 characters or beginning with `aws:`, a value of more than 255), TagLimitExceeded above 50.
 */
export function setTags(state: State, id: string, tags: readonly Tag[]): void {
  const all: Record<string, string> = { ...state.tags[id] };
  for (const { Key = "", Value = "" } of tags) {
    if (Key === "" || Key.length > 127)
      throw invalidValue(`Tag key '${Key}' must have from 1 to 127 characters.`);
    if (Value.length > 255)
      throw invalidValue(`Tag value exceeds the maximum length of 255 characters: '${Value}'`);
    if (/^aws:/i.test(Key)) {
      throw invalidValue(
        `Value ( ${Key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use`,
      );
    }
    all[Key] = Value;
  }
  if (Object.keys(all).length > mostTags) {
    throw new AwsError("TagLimitExceeded", `The maximum number of Tags for a resource has been reached.`);
  }
  if (Object.keys(all).length > 0) state.tags[id] = all;
}

/**
 * The tags that a call's TagSpecification gives to resources of this type.
 * Throws InvalidParameterValue when it names a type that the call does not make.
 */
export function specifiedTags(
  specifications: readonly TagSpecification[] | undefined,
  type: string,
  made: readonly string[] = [type],
): Tag[] {
  const specified = specifications ?? [];
  for (const { ResourceType } of specified) {
    if (ResourceType && made.includes(ResourceType)) continue;
    throw invalidValue(`'${ResourceType}' is not a valid taggable resource type for this operation.`);
  }
  return specified.filter(({ ResourceType }) => ResourceType === type).flatMap(({ Tags }) => Tags ?? []);
}

const typesByPrefix: Record<string, string> = {
  i: "instance",
  ami: "image",
  snap: "snapshot",
  vol: "volume",
  eni: "network-interface",
  eipalloc: "elastic-ip",
  sg: "security-group",
  subnet: "subnet",
  vpc: "vpc",
  igw: "internet-gateway",
  rtb: "route-table",
  "import-snap": "import-snapshot-task",
  "import-ami": "import-image-task",
};

/** The type of resource that an id is of: "instance" for `i-…`. Undefined for ids of no known kind. */
export function resourceType(id: string): string | undefined {
  return typesByPrefix[id.slice(0, id.lastIndexOf("-"))];
}
