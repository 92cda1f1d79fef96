import { createHash } from "node:crypto";
import { accountId } from "../account.ts";
import type { Caller } from "../service.ts";
import { evaluateFor } from "./resource-policies.ts";

/** What signs calls: made up here, but in AWS's form, so that the SDKs take it. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Roles have one, the person has none. */
  readonly sessionToken?: string;
}

/** A role of the template, with the policies that its calls are judged by. */
export interface Role {
  readonly name: string;
  readonly arn: string;
  /** Inline and attached policies by name, as the template writes them. */
  readonly policies: Map<string, unknown>;
  /** Who may assume it: AssumeRolePolicyDocument. */
  trust: unknown;
  readonly key: AccessKey;
}

/** A service of AWS that wants to act as a role, and for the sake of what. */
export interface Assuming {
  /** "lambda.amazonaws.com" */
  readonly service: string;
  /** ARN of the function, state machine, … that the role is for. */
  readonly sourceArn?: string;
  readonly externalId?: string;
}

/** Everyone who may call the local cloud: the person at the keyboard and the template's roles. */
export class Directory {
  readonly person: AccessKey;
  readonly personArn = `arn:aws:iam::${accountId}:user/local`;
  private readonly region: string;
  private readonly callers = new Map<string, Caller>();
  private readonly roles = new Map<string, Role>();

  constructor(region: string) {
    this.region = region;
    this.person = keyFor("AKIA", this.personArn);
    this.callers.set(this.person.accessKeyId, { accountId, region, arn: this.personArn });
  }

  /** Who an access key belongs to. */
  caller(accessKeyId: string): Caller | undefined {
    return this.callers.get(accessKeyId);
  }

  /** Finds or creates a role and its key. Nobody may assume it before it has a `trust`. */
  addRole(name: string): Role {
    const arn = `arn:aws:iam::${accountId}:role/${name}`;
    const known = this.roles.get(arn);
    if (known !== undefined) return known;
    const key = { ...keyFor("ASIA", arn), sessionToken: digest("token", arn) };
    const role: Role = { name, arn, policies: new Map(), trust: { Statement: [] }, key };
    this.roles.set(arn, role);
    this.callers.set(key.accessKeyId, { accountId, region: this.region, arn });
    return role;
  }

  /** The role of an ARN or a name, if the template has it. */
  role(arnOrName: string): Role | undefined {
    return this.roles.get(arnOrName) ?? this.roles.get(`arn:aws:iam::${accountId}:role/${arnOrName}`);
  }

  /** Deletes a role, as somebody may by hand: nothing can assume it any more, and its keys are nobody's. */
  removeRole(name: string): void {
    const role = this.role(name);
    if (role === undefined) return;
    this.roles.delete(role.arn);
    this.callers.delete(role.key.accessKeyId);
  }

  /** What a service that acts as a role calls with; undefined when there is no such role, or it may not be it. */
  assume(arnOrName: string, { service, sourceArn, externalId }: Assuming): AccessKey | undefined {
    const role = this.role(arnOrName);
    if (role === undefined) return undefined;
    const context = {
      "aws:SourceAccount": [accountId],
      ...(sourceArn !== undefined && { "aws:SourceArn": [sourceArn] }),
      ...(externalId !== undefined && { "sts:ExternalId": [externalId] }),
    };
    const question = { action: "sts:AssumeRole", resource: role.arn, context };
    const { effect } = evaluateFor({ service }, [role.trust], question);
    return effect === "allow" ? role.key : undefined;
  }

  /** Every role that the template made so far. */
  allRoles(): Role[] {
    return [...this.roles.values()];
  }
}

/** Keys are derived from names, so that what a person exported stays valid over restarts. */
function keyFor(prefix: string, arn: string): { accessKeyId: string; secretAccessKey: string } {
  const id = digest("id", arn)
    .toUpperCase()
    .replace(/[^A-Z2-7]/g, "")
    .padEnd(16, "A")
    .slice(0, 16);
  return { accessKeyId: `${prefix}${id}`, secretAccessKey: digest("secret", arn).slice(0, 40) };
}

function digest(purpose: string, text: string): string {
  return createHash("sha256").update(`${purpose}:${text}`).digest("base64url");
}
