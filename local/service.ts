import type { IncomingMessage, ServerResponse } from "node:http";

/** Who made a call, as told by the access key in its signature. */
export interface Caller {
  readonly accountId: string;
  readonly region: string;
  /** ARN of the IAM role, or of the account's user for the person at the keyboard. */
  readonly arn: string;
}

/**
 * One local AWS service. The front door picks it by the service name in the request's credential scope
 * and hands it the raw request; whatever `handle` throws is rendered by the front door in the wire form
 * of the service's protocol.
 */
export interface Service {
  /** Names as they stand in the credential scope: "ec2", "ebs", "states", "s3", … */
  readonly names: readonly string[];
  readonly protocol: Protocol;
  handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void>;
  /** Ends everything the service runs: processes, timers, listeners. Safe to call twice. */
  stop?(): Promise<void>;
}

/** How a service puts calls and errors on the wire. */
export type Protocol = "ec2" | "query" | "json" | "rest-json" | "rest-xml";

/** An error that a service answers on purpose, with AWS's own code and text. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Extra members for the JSON protocols. */
  readonly details: Record<string, unknown>;

  constructor(code: string, message: string, status = 400, details: Record<string, unknown> = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** What every call gets that the local cloud does not have: an honest refusal rather than a guess. */
export function notImplemented(service: string, action: string): AwsError {
  return new AwsError(
    "NotImplemented",
    `The local cloud does not implement ${service}:${action}. Only the calls that mirage-pages makes exist here.`,
    501,
  );
}

/** Reads a request body whole. Throws RequestEntityTooLarge above `limit` bytes. */
export async function readBody(request: IncomingMessage, limit = 16 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit)
      throw new AwsError("RequestEntityTooLarge", `The body is larger than ${limit} bytes.`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** One resource of the packaged template, its intrinsic functions already resolved. */
export interface Resource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Record<string, unknown>;
}

/** What a made resource is to the rest of the template: `Ref` and `Fn::GetAtt`. */
export interface Provisioned {
  readonly ref: string;
  readonly attributes: Record<string, string>;
}

/** Makes resources of the template. Find or create: the pair (stack, logicalId) names the same thing for ever. */
export interface Provider {
  /**
   * Which properties of each type have an effect here; the others are reported as not honoured. "Name.Member":
   * of the members of a property only those that are listed. None: the type is there to be referred to.
   */
  readonly honoured: Readonly<Record<string, readonly string[]>>;
  provision(resource: Resource): Promise<Provisioned>;
}
