import type { Tag, TagSpecification } from "@aws-sdk/client-ec2";
import { padded } from "../releases/object-keys.ts";
import { setting } from "../settings.ts";

/** Tags by which the stack knows its own things; policies allow changes only to what bears the first. */
export const TAG_STACK = "mirage-pages:stack";
const TAG_RELEASE = "mirage-pages:release";
export const TAG_ATTEMPT = "mirage-pages:attempt";

/** One name for everything that an attempt of a release makes; also its client token (≤ 64 characters). */
export function attemptName(release: number, attempt: number): string {
  return `${setting("STACK")}-${padded(release)}-${attempt}`;
}

export function tagsOf(release: number, attempt: number): Tag[] {
  return [
    { Key: "Name", Value: attemptName(release, attempt) },
    { Key: TAG_STACK, Value: setting("STACK") },
    { Key: TAG_RELEASE, Value: String(release) },
    { Key: TAG_ATTEMPT, Value: String(attempt) },
  ];
}

export function tagSpecification(
  ResourceType: NonNullable<TagSpecification["ResourceType"]>,
  release: number,
  attempt: number,
): TagSpecification {
  return { ResourceType, Tags: tagsOf(release, attempt) };
}

/** The filters that find what this stack made, for one release or for all. */
export function ownFilters(release?: number) {
  return [
    { Name: `tag:${TAG_STACK}`, Values: [setting("STACK")] },
    ...(release === undefined ? [] : [{ Name: `tag:${TAG_RELEASE}`, Values: [String(release)] }]),
  ];
}

/** The release that a thing's tag names, undefined when it bears none. */
export function releaseTag(tags: Tag[] | undefined): number | undefined {
  const value = tagValue(tags, TAG_RELEASE);
  return value === undefined ? undefined : Number(value);
}

export function tagValue(tags: Tag[] | undefined, key: string): string | undefined {
  return tags?.find((tag) => tag.Key === key)?.Value;
}
