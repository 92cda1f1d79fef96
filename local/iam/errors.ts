import type { Protocol } from "../service.ts";
import { AwsError } from "../service.ts";
import type { Verdict } from "./evaluate.ts";

/** A policy says something that has no meaning here: better no answer than a wrong one. */
export class PolicyNotUnderstood extends Error {
  override readonly name = "PolicyNotUnderstood";
}

/** What was refused, and to whom. */
interface Denied {
  /** ARN of the role that called. */
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly effect: Verdict["effect"];
  /** Which kind of policy denied it. */
  readonly by: "identity" | "resource";
}

/** A denied call, and the service that answers it. */
export interface Refused extends Denied {
  readonly service: string;
  readonly protocol: Protocol;
}

/** AWS's sentence for what is not allowed; S3 puts the resource in quotation marks. */
export function deniedText({ role, action, resource, effect, by }: Denied): string {
  const why =
    effect === "explicit deny"
      ? `with an explicit deny in ${by === "identity" ? "an identity" : "a resource"}-based policy`
      : `because no identity-based policy allows the ${action} action`;
  const on = action.startsWith("s3:") ? JSON.stringify(resource) : resource;
  return `User: ${sessionArn(role)} is not authorized to perform: ${action} on resource: ${on} ${why}`;
}

/**
 * The error that a service answers when a policy does not allow a call, in its own words.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function refusal(refused: Refused): AwsError {
  const { service, protocol } = refused;
  const told = deniedText(refused);
  if (service === "s3") return new AwsError("AccessDenied", told, 403);
  if (protocol === "ec2") {
    const text = `You are not authorized to perform this operation. ${told}`;
    return new AwsError("UnauthorizedOperation", text, 403);
  }
  return new AwsError(codeOf(service, protocol), told, protocol === "json" ? 400 : 403);
}

/** What a role gets for a call that the local cloud cannot judge: nothing slips by. */
export function unmapped(service: string, protocol: Protocol, action: string): AwsError {
  const text =
    `The local cloud does not know how to authorise ${service}:${action}, so no role may call it. ` +
    "Say in local/iam which permissions AWS asks for it.";
  if (service === "s3") return new AwsError("AccessDenied", text, 403);
  if (protocol === "ec2") return new AwsError("UnauthorizedOperation", text, 403);
  return new AwsError(codeOf(service, protocol), text, protocol === "json" ? 400 : 403);
}

function codeOf(service: string, protocol: Protocol): string {
  if (service === "sns") return "AuthorizationError";
  return protocol === "query" ? "AccessDenied" : "AccessDeniedException";
}

/** Errors name the session of a role. A process here has one as long as it runs. */
function sessionArn(role: string): string {
  if (!role.includes(":role/")) return role;
  return `${role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/local`;
}
