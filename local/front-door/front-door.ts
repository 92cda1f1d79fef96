import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { finished } from "node:stream/promises";
import type { ApiCall } from "../iam/demands.ts";
import type { Caller, Protocol, Service } from "../service.ts";
import { AwsError, readBody } from "../service.ts";
import { asAwsError, protocolOf, sendError } from "../wire/errors.ts";
import { credentialScope } from "./credentials.ts";
import { replay } from "./replay.ts";

/** How long a client may go on to send the body of a call that is refused. */
const BODY_MILLISECONDS = 30_000;

/** One call as the front door saw it: what IAM checks are made of. */
export interface Call {
  readonly service: string;
  /** "StartExecution" for the JSON and query protocols, "PUT /bucket/key" for the REST ones. */
  readonly action: string;
  readonly caller: Caller;
}

export interface FrontDoorOptions {
  /** TCP port on 127.0.0.1; 0 takes any free one. */
  readonly port: number;
  /** Who an access key belongs to; undefined for keys that nobody holds. */
  readonly caller: (accessKeyId: string) => Caller | undefined;
  /** Told of every call before its service is; an AwsError thrown here refuses the call. */
  readonly onCall?: (call: Call) => void | Promise<void>;
  /** Whether the caller may do this; an AwsError thrown here refuses the call. */
  readonly authorize?: (call: ApiCall, protocol: Protocol) => void;
}

/** The port that was asked for belongs to another process. */
export class PortInUse extends Error {
  override readonly name = "PortInUse";

  constructor(port: number) {
    super(
      `Port ${port} on 127.0.0.1 is in use by another program. ` +
        "Stop that program, or choose another port (0 takes any free one).",
    );
  }
}

/** The one HTTP server of the local cloud: picks the service of each signed request and hands the request over. */
export class FrontDoor {
  private readonly options: FrontDoorOptions;
  private readonly services = new Map<string, Service>();
  private readonly server: Server;

  constructor(options: FrontDoorOptions) {
    this.options = options;
    // Uploads may take as long as they take; idle connections close with the server.
    this.server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
      void this.serve(request, response);
    });
  }

  /** Adds a service under each of its names. */
  use(service: Service): void {
    for (const name of service.names) this.services.set(name, service);
  }

  /** Starts listening and returns the endpoint's URL. Throws PortInUse. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", (error: NodeJS.ErrnoException) => {
        reject(error.code === "EADDRINUSE" ? new PortInUse(this.options.port) : error);
      });
      this.server.listen(this.options.port, "127.0.0.1", resolve);
    });
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Closes the port and every connection to it. Safe to call twice. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let protocol = protocolOf(request);
    try {
      const scope = credentialScope(request);
      const service = scope === undefined ? undefined : this.services.get(scope.service);
      if (service !== undefined) protocol = service.protocol;
      else if (scope !== undefined && protocol === "rest-xml") protocol = "rest-json";
      if (scope === undefined) throw unsigned(protocol);
      const caller = this.options.caller(scope.accessKeyId);
      if (caller === undefined) throw unknownKey(protocol, scope.accessKeyId);
      if (service === undefined) throw unknownService(scope.service);
      const body = isStreamed(service, request) ? undefined : await readBody(request);
      const call = { service: scope.service, action: actionOf(service.protocol, request, body), caller };
      await this.options.onCall?.(call);
      const { method = "GET", url = "/", headers } = request;
      this.options.authorize?.({ ...call, method, url, headers, body }, protocol);
      const forward = body === undefined ? request : replay(request, body);
      await service.handle(forward, response, caller);
    } catch (error) {
      await unread(request);
      sendError(protocol, asAwsError(error), request, response);
    }
  }
}

/** Takes what is left of a body: a client that still sends may meet a closed connection before it reads why. */
async function unread(request: IncomingMessage): Promise<void> {
  request.resume();
  await finished(request, { writable: false, signal: AbortSignal.timeout(BODY_MILLISECONDS) }).catch(
    () => {},
  );
}

/**
 * Whether a body may be large and is left to the service: objects, blocks and payloads. The others are read
 * here, because permissions depend on them.
 */
function isStreamed({ names, protocol }: Service, request: IncomingMessage): boolean {
  if (protocol === "rest-json") return request.headers["content-type"] !== "application/json";
  const query = new URLSearchParams((request.url ?? "").split("?")[1] ?? "");
  const deletes = request.method === "POST" && query.has("delete");
  return names.includes("s3") && !deletes;
}

function actionOf(protocol: Protocol, request: IncomingMessage, body: Buffer | undefined): string {
  if (protocol === "json")
    return (
      String(request.headers["x-amz-target"] ?? "")
        .split(".")
        .at(-1) ?? ""
    );
  if (protocol === "ec2" || protocol === "query")
    return new URLSearchParams(body?.toString("utf8")).get("Action") ?? "";
  return `${request.method ?? "GET"} ${(request.url ?? "/").split("?")[0] ?? "/"}`;
}

function unsigned(protocol: Protocol): AwsError {
  if (protocol === "rest-xml") return new AwsError("AccessDenied", "Access Denied", 403);
  return new AwsError("MissingAuthenticationToken", "The request carries no signature.", 403);
}

function unknownKey(protocol: Protocol, accessKeyId: string): AwsError {
  if (protocol === "rest-xml") {
    const text = "The AWS Access Key Id you provided does not exist in our records.";
    return new AwsError("InvalidAccessKeyId", text, 403, { AWSAccessKeyId: accessKeyId });
  }
  if (protocol === "ec2") {
    return new AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401);
  }
  const code = protocol === "query" ? "InvalidClientTokenId" : "UnrecognizedClientException";
  return new AwsError(code, "The security token included in the request is invalid.", 403);
}

function unknownService(name: string): AwsError {
  return new AwsError("NotImplemented", `The local cloud has no service "${name}".`, 501);
}
