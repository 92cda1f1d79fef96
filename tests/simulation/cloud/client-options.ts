import { Readable } from "node:stream";
import type { Answered, Asked } from "../world/exchange.ts";
import { current } from "../world/life.ts";

/** Names in the signature's scope, as the front door picks services by. */
const SERVICES: Readonly<Record<string, string>> = {
  S3Client: "s3",
  EC2Client: "ec2",
  EBSClient: "ebs",
  CodeBuildClient: "codebuild",
  SFNClient: "states",
  SNSClient: "sns",
  CloudWatchLogsClient: "logs",
  Route53Client: "route53",
};

/**
 * Parts of a client that have nothing to do here, each a closure around every call: what signs, logs, measures and
 * looks for other endpoints. What is left makes the request, tries again, and reads the answer.
 */
const IDLE = [
  ...["loggerMiddleware", "getUserAgentMiddleware", "recursionDetectionMiddleware", "hostHeaderMiddleware"],
  ...["httpSigningMiddleware", "httpAuthSchemeMiddleware", "validateBucketNameMiddleware"],
  ...["regionRedirectMiddleware", "s3ExpressMiddleware", "addExpectContinueMiddleware"],
];

/** Carries a call of a service out, or throws as a broken connection would. */
export type Carry = (service: string, asked: Asked) => Promise<Answered>;

let carry: Carry = () => Promise.reject(new Error("No history runs."));
let clients = new Map<string, unknown>();

/** Begins a history: clients are made anew, because they remember how often they had to try again. */
export function useCarry(next: Carry): void {
  carry = next;
  clients = new Map();
}

interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

function optionsFor(service: string) {
  const handle = async (request: WireRequest) => {
    const { status, headers, body } = await carry(service, await asAsked(request));
    return {
      response: {
        statusCode: status,
        headers: { ...headers },
        body: Readable.from(body.length === 0 ? [] : [body], { objectMode: false }),
      },
    };
  };
  return {
    region: "us-east-1",
    endpoint: "http://127.0.0.1",
    credentials: { accessKeyId: "AKIASIMULATED", secretAccessKey: "simulated" },
    maxAttempts: 5,
    retryMode: "standard",
    cacheMiddleware: true,
    requestHandler: {
      metadata: { handlerProtocol: "http/1.1" },
      handle,
      destroy() {},
      updateHttpClientConfig() {},
      httpHandlerConfigs: () => ({}),
    },
  };
}

async function asAsked({ method, path, query = {}, headers, body }: WireRequest): Promise<Asked> {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? ""].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`),
  );
  const url = pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { method, url, headers: lower, body: await bytesOf(body) };
}

async function bytesOf(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/**
 * Stands in for lib/aws/client-options.ts: the same clients with the same retries, whose requests go to the
 * simulated cloud. Each function has clients of its own, as each has a process of its own on Lambda.
 */
export function client<C>(Client: new (options: never) => C): () => C {
  const service = SERVICES[Client.name];
  if (service === undefined) throw new Error(`${Client.name} has no service in tests/simulation/cloud.`);
  return () => {
    const owner = (current() as { readonly name?: string } | undefined)?.name ?? "person";
    const key = `${owner} ${service}`;
    const made = clients.get(key) ?? lean(new Client(optionsFor(service) as never));
    clients.set(key, made);
    return made as C;
  };
}

function lean<C>(made: C): C {
  const { middlewareStack } = made as { middlewareStack: { remove(name: string): boolean } };
  for (const name of IDLE) middlewareStack.remove(name);
  return made;
}
