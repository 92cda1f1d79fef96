import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { accountId } from "../account.ts";
import type { Judge } from "../iam/judge.ts";
import { readBody } from "../service.ts";
import { isObject, texts } from "../wire/members.ts";
import type { Functions } from "./functions.ts";

/**
 * Function URLs: one loopback port each, events and answers in payload format 2.0. Nobody signs calls to them.
 * A URL stays what it is over restarts, as long as nobody else takes its port: machines have it on their disks.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export class FunctionUrls {
  private readonly functions: Functions;
  private readonly judge: Judge;
  private readonly servers = new Map<string, Server>();
  private readonly file: string;
  private readonly ports: Record<string, number>;

  /** `file` keeps the ports. */
  constructor(functions: Functions, judge: Judge, file: string) {
    this.functions = functions;
    this.judge = judge;
    this.file = file;
    this.ports = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, number>) : {};
  }

  /** The URL of a function, opened if it is not open yet. */
  async open(name: string): Promise<string> {
    const known = this.servers.get(name);
    if (known !== undefined) return urlOf(known);
    const server = createServer((request, response) => {
      this.serve(name, request, response).catch(() => {
        if (response.headersSent) response.destroy();
        else response.writeHead(502).end("Internal Server Error");
      });
    });
    await listen(server, this.ports[name] ?? 0).catch(() => listen(server, 0));
    this.servers.set(name, server);
    this.ports[name] = (server.address() as AddressInfo).port;
    writeFileSync(this.file, JSON.stringify(this.ports));
    return urlOf(server);
  }

  /** Closes every URL. */
  async stop(): Promise<void> {
    for (const server of this.servers.values()) {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
    this.servers.clear();
  }

  /** Since October 2025 a URL asks for both. https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html */
  private isOpen(arn: string): boolean {
    const unsigned = { "lambda:FunctionUrlAuthType": ["NONE"] };
    const viaUrl = { "lambda:InvokedViaFunctionUrl": ["true"] };
    return (
      this.judge.anybodyMay("lambda:InvokeFunctionUrl", arn, unsigned) &&
      this.judge.anybodyMay("lambda:InvokeFunction", arn, viaUrl)
    );
  }

  private async serve(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.isOpen(this.functions.find(name).arn)) {
      response.writeHead(403, { "content-type": "application/json" }).end(FORBIDDEN);
      return;
    }
    const event = urlEvent(request, await readBody(request, 6 * 1024 * 1024));
    const { payload, error } = await this.functions.invoke(name, JSON.stringify(event));
    if (error !== undefined) {
      response
        .writeHead(502, { "content-type": "application/json" })
        .end('{"Message":"Internal Server Error"}');
      return;
    }
    const answer: unknown = JSON.parse(payload);
    if (!isObject(answer) || answer.statusCode === undefined) {
      response.writeHead(200, { "content-type": "application/json" }).end(payload);
      return;
    }
    const body = String(answer.body ?? "");
    const headers = isObject(answer.headers) ? answer.headers : {};
    const text = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]));
    response.writeHead(Number(answer.statusCode), { ...text, "set-cookie": texts(answer, "cookies") });
    response.end(answer.isBase64Encoded === true ? Buffer.from(body, "base64") : body);
  }
}

const FORBIDDEN = JSON.stringify({
  Message:
    "Forbidden. For troubleshooting Function URL authorization issues, see: " +
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
});

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function urlEvent(request: IncomingMessage, body: Buffer): Record<string, unknown> {
  // Not by the URL class: it changes paths, and throws on some, that are the function's to judge.
  const [path = "/", ...rest] = (request.url ?? "/").split("?");
  const query = rest.join("?");
  const now = new Date();
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: query,
    headers: Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)])),
    queryStringParameters: Object.fromEntries(new URLSearchParams(query)),
    requestContext: {
      accountId,
      apiId: "local",
      domainName: request.headers.host ?? "",
      http: {
        method: request.method,
        path,
        protocol: "HTTP/1.1",
        sourceIp: "127.0.0.1",
        userAgent: request.headers["user-agent"] ?? "",
      },
      requestId: randomUUID(),
      routeKey: "$default",
      stage: "$default",
      time: now.toISOString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length === 0
      ? { isBase64Encoded: false }
      : { body: body.toString("base64"), isBase64Encoded: true }),
  };
}
