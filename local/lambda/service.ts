import type { IncomingMessage, ServerResponse } from "node:http";
import type { Service } from "../service.ts";
import { AwsError, notImplemented, readBody } from "../service.ts";
import { isObject, optionalNumber } from "../wire/members.ts";
import { sendJson } from "../wire/reply.ts";
import type { EventSources } from "./event-sources.ts";
import type { Functions } from "./functions.ts";
import type { FunctionConfig } from "./types.ts";

/** Lambda: Invoke, looking at functions and event source mappings, and a function's own concurrency. */
export function lambdaService(functions: Functions, sources: EventSources): Service {
  return {
    names: ["lambda"],
    protocol: "rest-json",
    async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const url = new URL(request.url ?? "/", "http://lambda");
      const route = `${request.method ?? "GET"} ${url.pathname.replace(/\/$/, "")}`;
      const [, name, rest = ""] = /^\w+ \/2015-03-31\/functions\/([^/]+)(\/.+)?$/.exec(route) ?? [];
      const method = request.method ?? "GET";
      if (name !== undefined && method === "POST" && rest === "/invocations") {
        return invoke(functions, decodeURIComponent(name), request, response);
      }
      if (name !== undefined && method === "GET" && (rest === "" || rest === "/configuration")) {
        const config = configuration(functions.find(decodeURIComponent(name)));
        const code = { RepositoryType: "S3", Location: "" };
        return sendJson(response, rest === "" ? { Configuration: config, Code: code } : config);
      }
      const limited = /^PUT \/2017-10-31\/functions\/([^/]+)\/concurrency$/.exec(route)?.[1];
      if (limited !== undefined)
        return limitConcurrency(functions, decodeURIComponent(limited), request, response);
      if (route === "GET /2015-03-31/functions") {
        return sendJson(response, { Functions: functions.all().map(configuration) });
      }
      if (route === "GET /2015-03-31/event-source-mappings") {
        return sendJson(response, { EventSourceMappings: sources.list() });
      }
      throw notImplemented("lambda", route);
    },
    stop: () => functions.stop(),
  };
}

async function invoke(
  functions: Functions,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, 8 * 1024 * 1024);
  const event = body.length === 0 ? "{}" : body.toString("utf8");
  const type = request.headers["x-amz-invocation-type"] ?? "RequestResponse";
  if (type === "DryRun") {
    functions.find(name);
    response.writeHead(204).end();
    return;
  }
  if (type === "Event") {
    functions.invokeLater(name, event);
    response.writeHead(202, { "content-length": 0 }).end();
    return;
  }
  const result = await functions.invoke(name, event);
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(result.payload),
    "x-amzn-requestid": result.requestId,
    "x-amz-executed-version": "$LATEST",
    ...(result.error === undefined ? {} : { "x-amz-function-error": "Unhandled" }),
  });
  response.end(result.payload);
}

/** PutFunctionConcurrency; a restart goes back to the template's value. */
async function limitConcurrency(
  functions: Functions,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const input: unknown = JSON.parse((await readBody(request)).toString("utf8"));
  const limit = isObject(input) ? optionalNumber(input, "ReservedConcurrentExecutions") : undefined;
  if (limit === undefined || limit < 0)
    throw new AwsError("InvalidParameterValueException", "ReservedConcurrentExecutions must be 0 or more.");
  functions.define({ ...functions.find(name), reservedConcurrency: limit });
  sendJson(response, { ReservedConcurrentExecutions: limit });
}

function configuration(config: FunctionConfig): Record<string, unknown> {
  return {
    FunctionName: config.name,
    FunctionArn: config.arn,
    Runtime: config.runtime,
    Role: config.roleArn,
    Handler: config.handler,
    CodeSize: config.codeBytes,
    CodeSha256: config.codeSha256,
    Timeout: config.timeoutSeconds,
    MemorySize: config.memoryMiB,
    EphemeralStorage: { Size: config.ephemeralMiB },
    LastModified: new Date(config.lastModified).toISOString().replace("Z", "+0000"),
    Version: "$LATEST",
    State: "Active",
    LastUpdateStatus: "Successful",
    PackageType: "Zip",
    Environment: { Variables: config.environment },
    LoggingConfig: { LogFormat: "Text", LogGroup: config.logGroup },
  };
}
