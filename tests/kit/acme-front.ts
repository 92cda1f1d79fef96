import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as httpsRequest, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Pebble } from "../../local/acme/pebble.ts";

/** One request to the ACME server, as a test sees it. */
export interface AcmeCall {
  readonly path: string;
  /** What was posted, its signature taken off; undefined for none. */
  readonly payload: Record<string, unknown> | undefined;
  /** Of Pebble's answer; 0 while there is none. */
  status: number;
}

type Fault = (call: AcmeCall, response: ServerResponse) => boolean | Promise<boolean>;

/**
 * Stands before Pebble and adds what Debian's (2.4) does not have: renewal information (RFC 9773), with a window
 * that a test moves. It records what is asked, and refuses or delays what a test wants to fail.
 */
export class AcmeFront {
  readonly calls: AcmeCall[] = [];
  /** What renewal information says of every certificate; undefined: the directory has none. */
  window: { start: string; end: string } | undefined;
  /** Answers a call itself and returns true, or leaves it to Pebble. */
  fault: Fault = () => false;
  readonly #server: Server;
  readonly #pebble: Pebble;

  private constructor(server: Server, pebble: Pebble) {
    this.#server = server;
    this.#pebble = pebble;
  }

  static async start(pebble: Pebble): Promise<AcmeFront> {
    const server = createServer({ cert: pebble.trust, key: pebble.key });
    const front = new AcmeFront(server, pebble);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      front.#serve(request, response).catch(() => response.destroy());
    });
    const { hostname } = new URL(pebble.directoryUrl);
    await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
    return front;
  }

  get directoryUrl(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `https://${address}:${port}/dir`;
  }

  /** What was posted to a path and taken: Pebble refuses one nonce in twenty, and gets the same again. */
  posts(path: RegExp): AcmeCall[] {
    return this.calls.filter(
      ({ payload, status, path: called }) =>
        payload !== undefined && status >= 200 && status < 400 && path.test(called),
    );
  }

  /** From now on whatever begins with this path is refused. */
  refuse(path: string, status: number, type: string, detail: string, retryAfter = 0): void {
    const pause: Record<string, number> = retryAfter > 0 ? { "retry-after": retryAfter } : {};
    this.fault = (call, response) => {
      if (!call.path.startsWith(path)) return false;
      response.writeHead(status, { "content-type": "application/problem+json", ...pause });
      response.end(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status }));
      return true;
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const call: AcmeCall = { path: request.url ?? "/", payload: payloadOf(body), status: 0 };
    this.calls.push(call);
    if (await this.fault(call, response)) return;
    if (call.path.startsWith("/renewal-info/") && this.window !== undefined) {
      response.writeHead(200, { "content-type": "application/json", "retry-after": "60" });
      response.end(JSON.stringify({ suggestedWindow: this.window }));
      return;
    }
    const answer = await this.#forward(request, body);
    call.status = answer.status;
    const directory = call.path === "/dir" && this.window !== undefined;
    const origin = new URL(this.directoryUrl).origin;
    const text = directory
      ? Buffer.from(
          JSON.stringify({ ...JSON.parse(answer.body.toString()), renewalInfo: `${origin}/renewal-info` }),
        )
      : answer.body;
    response.writeHead(answer.status, { ...answer.headers, "content-length": text.length });
    response.end(request.method === "HEAD" ? undefined : text);
  }

  #forward(
    request: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.#pebble.directoryUrl);
      const agent = new Agent({ ca: this.#pebble.trust, keepAlive: false });
      const { method, url: path, headers } = request;
      const call = httpsRequest({ hostname, port, method, path, headers, agent }, async (answer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk as Buffer);
        const { "transfer-encoding": _, ...kept } = answer.headers;
        resolve({ status: answer.statusCode ?? 0, headers: kept, body: Buffer.concat(chunks) });
      });
      call.on("error", reject);
      call.end(body);
    });
  }
}

function payloadOf(body: Buffer): Record<string, unknown> | undefined {
  if (body.length === 0) return undefined;
  const { payload = "" } = JSON.parse(body.toString()) as { payload?: string };
  return payload === ""
    ? {}
    : (JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>);
}
