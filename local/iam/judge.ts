import { accountId } from "../account.ts";
import { demand } from "./demands.ts";
import type { Directory } from "./directory.ts";
import { deniedText } from "./errors.ts";
import type { Question, Verdict } from "./evaluate.ts";
import { evaluate } from "./evaluate.ts";
import { evaluateFor } from "./resource-policies.ts";

/** One permission that a role's call needed, and what its policies said. */
export interface Decision {
  /** The role's ARN. */
  readonly role: string;
  /** Its policies, in the order in which they were asked. */
  readonly policies: readonly unknown[];
  readonly question: Question;
  readonly verdict: Verdict;
}

/** Whether a principal is a service of AWS: "events.amazonaws.com". */
export function isServiceName(principal: string): boolean {
  return principal.endsWith(".amazonaws.com");
}

/** An answer, and which kind of policy gave it. */
export interface Judgement {
  readonly effect: Verdict["effect"];
  readonly by: "identity" | "resource";
}

/** Tells what the policies of roles and resources, as they are at that moment, allow. */
export class Judge {
  private readonly directory: Directory;
  private readonly region: string;
  private readonly onDecision: ((decision: Decision) => void) | undefined;
  private readonly onResources = new Map<string, unknown[]>();

  /** `onDecision` is told of everything that a role's policies decided, refusals too. */
  constructor(directory: Directory, region: string, onDecision?: (decision: Decision) => void) {
    this.directory = directory;
    this.region = region;
    this.onDecision = onDecision;
  }

  /** Lays a policy on a bucket, queue, topic or function, by its ARN. */
  lay(resourceArn: string, document: unknown): void {
    this.onResources.set(resourceArn, [...this.policiesOn(resourceArn), document]);
  }

  /**
   * What a role or a user may do: a denial anywhere is final, else one of its own policies or one on the
   * resource must allow it. The person may do all that no resource denies. Throws PolicyNotUnderstood.
   */
  judge(callerArn: string, asked: Question): Judgement {
    const question = this.inContext(callerArn, asked);
    const onResource = evaluateFor({ arn: callerArn }, this.policiesOn(asked.resource), question);
    const own = this.own(callerArn, question);
    if (own === "explicit deny") return { effect: own, by: "identity" };
    if (onResource.effect !== "implicit deny") return { effect: onResource.effect, by: "resource" };
    return { effect: own, by: "identity" };
  }

  /** Whether a role may do what the local cloud does in its name. */
  allows(roleArn: string, action: string, resource: string): boolean {
    return this.judge(roleArn, demand(action, resource)).effect === "allow";
  }

  /** AWS's sentence for what a role may not do; undefined when it may. */
  refusal(roleArn: string, action: string, resource: string): string | undefined {
    const judgement = this.judge(roleArn, demand(action, resource));
    return judgement.effect === "allow"
      ? undefined
      : deniedText({ role: roleArn, action, resource, ...judgement });
  }

  /** Whether policies on a resource let a service of AWS act on it, for the sake of something of this account. */
  serviceMay(service: string, action: string, resource: string, sourceArn: string): boolean {
    const context = { "aws:SourceArn": [sourceArn], "aws:SourceAccount": [accountId], ...this.globals() };
    const question = { action, resource, context };
    return evaluateFor({ service }, this.policiesOn(resource), question).effect === "allow";
  }

  /** Whether policies on a function let anybody call its URL, who signs nothing. */
  anybodyMay(action: string, resource: string, keys: Readonly<Record<string, string[]>>): boolean {
    const question = { action, resource, context: { ...keys, ...this.globals() } };
    return evaluateFor("anybody", this.policiesOn(resource), question).effect === "allow";
  }

  private own(callerArn: string, question: Question): Verdict["effect"] {
    if (callerArn === this.directory.personArn) return "allow";
    // A managed policy is known by its name alone: it grants nothing here.
    const attached = this.directory.role(callerArn)?.policies.values() ?? [];
    const policies = [...attached].filter((policy) => policy !== undefined);
    const verdict = evaluate(policies, question);
    this.onDecision?.({ role: callerArn, policies, question, verdict });
    return verdict.effect;
  }

  /** Those of an object's bucket are on the bucket. */
  private policiesOn(resource: string): unknown[] {
    return (
      this.onResources.get(resource.startsWith("arn:aws:s3:") ? resource.replace(/\/.*$/s, "") : resource) ??
      []
    );
  }

  private inContext(callerArn: string, asked: Question): Question {
    const caller = { "aws:PrincipalArn": [callerArn], "aws:PrincipalAccount": [accountId] };
    return { ...asked, context: asked.context && { ...this.globals(), ...caller, ...asked.context } };
  }

  /**
   * The local endpoint is plain HTTP on loopback and stands for AWS's, which the SDKs reach by TLS.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
   */
  private globals(): Record<string, string[]> {
    return { "aws:RequestedRegion": [this.region], "aws:SecureTransport": ["true"] };
  }
}
