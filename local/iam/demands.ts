import type { IncomingHttpHeaders } from "node:http";
import type { Tag } from "@aws-sdk/client-ec2";
import type { Caller } from "../service.ts";
import type { Question } from "./evaluate.ts";

/** A call as the front door read it: all that says which permissions it needs. */
export interface ApiCall {
  /** Name in the credential scope: "ec2", "s3", … */
  readonly service: string;
  /** "StartExecution" for the JSON and query protocols, "PUT /bucket/key" for the REST ones. */
  readonly action: string;
  readonly caller: Caller;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Undefined for bodies that are streamed. */
  readonly body: Buffer | undefined;
}

/** Every permission that AWS asks for a call, or undefined where the local cloud does not know. */
export type Demands = (call: ApiCall) => readonly Question[] | undefined;

/** A permission on a resource, with what the condition keys say. */
export function demand(action: string, resource: string, context: Question["context"] = {}): Question {
  return { action, resource, context };
}

/** The ARN of a resource of the caller's account and region. */
export function arnIn({ region, accountId }: Caller, service: string, resource: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

/** The members of a JSON body; none when it is not a JSON object: the service will say so. */
export function jsonMembers(body: Buffer | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body?.toString("utf8") || "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The condition keys of tags that a request gives: aws:RequestTag/KEY and aws:TagKeys. */
export function requestTags(tags: readonly Tag[]): Record<string, string[]> {
  if (tags.length === 0) return {};
  return {
    ...Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [`aws:RequestTag/${Key}`, [Value]])),
    "aws:TagKeys": tags.map(({ Key = "" }) => Key),
  };
}

/** The condition keys of tags that a resource bears: aws:ResourceTag/KEY. */
export function resourceTags(tags: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, [value]]));
}
