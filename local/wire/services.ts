import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller, Service } from "../service.ts";
import { AwsError, notImplemented, readBody } from "../service.ts";
import { sendJson, sendQueryResult } from "./reply.ts";
import type { XmlMembers } from "./xml.ts";

/** One call of an AWS JSON service: members in, members out. */
export type JsonOperation = (input: Record<string, unknown>, caller: Caller) => unknown;

/** One call of a query service: form members in, result members out. */
export type QueryOperation = (
  input: ReadonlyMap<string, string>,
  caller: Caller,
) => XmlMembers | Promise<XmlMembers>;

/** A service of the AWS JSON protocol made of its operations, named as in `X-Amz-Target`. */
export function jsonService(
  names: readonly string[],
  version: "1.0" | "1.1",
  operations: Readonly<Record<string, JsonOperation>>,
  stop?: () => Promise<void>,
): Service {
  return {
    names,
    protocol: "json",
    async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
      const action =
        String(request.headers["x-amz-target"] ?? "")
          .split(".")
          .at(-1) ?? "";
      const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
      if (operation === undefined) throw notImplemented(names[0] ?? "", action);
      const body = await readBody(request);
      const output = await operation(parseObject(body), caller);
      sendJson(response, output ?? {}, { version });
    },
    ...(stop === undefined ? {} : { stop }),
  };
}

/** A service of the AWS query protocol made of its operations, named as in the form member `Action`. */
export function queryService(
  names: readonly string[],
  namespace: string,
  operations: Readonly<Record<string, QueryOperation>>,
): Service {
  return {
    names,
    protocol: "query",
    async handle(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
      const input = new Map(new URLSearchParams((await readBody(request)).toString("utf8")));
      const action = input.get("Action") ?? "";
      const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
      if (operation === undefined) throw notImplemented(names[0] ?? "", action);
      sendQueryResult(response, action, namespace, await operation(input, caller));
    },
  };
}

/** Parses a JSON body that must be an object; an empty body is the empty object. Throws SerializationException. */
function parseObject(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new AwsError("SerializationException", "The request body is not JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AwsError("SerializationException", "The request body is not a JSON object.");
  }
  return value as Record<string, unknown>;
}
