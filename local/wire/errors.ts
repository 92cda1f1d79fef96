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
  const type = error.status < 500 ? "Sender" : "Receiver";
  switch (protocol) {
    case "json":
    case "rest-json":
      return sendJsonError(protocol, error, request, response);
    case "ec2": {
      const errors = { Error: { Code: error.code, Message: error.message } };
      return sendXml(response, xml("Response", { Errors: errors, RequestID: randomUUID() }), error.status);
    }
    case "query": {
      const body = { Error: { Type: type, Code: error.code, Message: error.message }, RequestId: randomUUID() };
      return sendXml(response, xml("ErrorResponse", body), error.status);
    }
    case "rest-xml": {
      if (request.method === "HEAD" || error.status === 304) {
        response.writeHead(error.status).end();
        return;
      }
      const resource = (request.url ?? "/").split("?")[0] ?? "/";
      const body = { Code: error.code, Message: error.message, Resource: resource, RequestId: randomUUID() };
      return sendXml(response, xml("Error", { ...body, ...textDetails(error.details) }), error.status);
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
