import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Protocol } from "../service.ts";
import { AwsError } from "../service.ts";
import { sendXml } from "./reply.ts";
import { xml } from "./xml.ts";

/** The protocol that a request speaks, told by its form alone: for requests that reach no service. */
export function protocolOf(request: IncomingMessage): Protocol {
  if (request.headers["x-amz-target"] !== undefined) return "json";
  const type = request.headers["content-type"] ?? "";
  if (type.includes("x-www-form-urlencoded")) return "query";
  return type.includes("json") ? "rest-json" : "rest-xml";
}

/** Turns whatever a service threw into an AWS error; what was not thrown on purpose becomes InternalFailure. */
export function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AwsError("InternalFailure", `The local cloud failed: ${text}`, 500);
}

/** Answers an error in the wire form of a protocol. A response that has begun is cut off instead. */
export function sendError(
  protocol: Protocol,
  error: AwsError,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (protocol === "json" || protocol === "rest-json") sendJsonError(protocol, error, request, response);
  else if (request.method === "HEAD" || error.status === 304) response.writeHead(error.status).end();
  else sendXml(response, errorDocument(protocol, error, request), error.status);
}

function errorDocument(
  protocol: "ec2" | "query" | "rest-xml",
  error: AwsError,
  request: IncomingMessage,
): string {
  const { code: Code, message: Message } = error;
  const RequestId = randomUUID();
  switch (protocol) {
    case "ec2":
      return xml("Response", { Errors: { Error: { Code, Message } }, RequestID: RequestId });
    case "query": {
      const Type = error.status < 500 ? "Sender" : "Receiver";
      return xml("ErrorResponse", { Error: { Type, Code, Message }, RequestId });
    }
    case "rest-xml": {
      const Resource = (request.url ?? "/").split("?")[0] ?? "/";
      return xml("Error", { Code, Message, Resource, RequestId, ...textDetails(error.details) });
    }
  }
}

function sendJsonError(
  protocol: "json" | "rest-json",
  error: AwsError,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const members = { message: error.message, Message: error.message, ...error.details };
  const body = JSON.stringify(protocol === "json" ? { __type: error.code, ...members } : members);
  const contentType = request.headers["content-type"] ?? "application/json";
  response.writeHead(error.status, {
    "content-type": protocol === "json" ? contentType : "application/json",
    "content-length": Buffer.byteLength(body),
    "x-amzn-requestid": randomUUID(),
    "x-amzn-errortype": error.code,
  });
  response.end(body);
}

function textDetails(details: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, String(value)]));
}
