import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { XmlMembers } from "./xml.ts";
import { xml } from "./xml.ts";

/** Sends a JSON body; undefined sends an empty body. `version` is that of the AWS JSON protocol, if it is one. */
export function sendJson(
  response: ServerResponse,
  body: unknown,
  options: { status?: number; version?: "1.0" | "1.1" } = {},
): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(options.status ?? 200, {
    "content-type":
      options.version === undefined ? "application/json" : `application/x-amz-json-${options.version}`,
    "content-length": Buffer.byteLength(text),
    "x-amzn-requestid": randomUUID(),
  });
  response.end(text);
}

/** Sends a whole XML document. */
export function sendXml(response: ServerResponse, document: string, status = 200): void {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${document}`;
  response.writeHead(status, {
    "content-type": "application/xml",
    "content-length": Buffer.byteLength(text),
    "x-amz-request-id": requestId(),
  });
  response.end(text);
}

/** Sends the answer of an action of the query protocol: `<ActionResponse><ActionResult>…`. */
export function sendQueryResult(
  response: ServerResponse,
  action: string,
  namespace: string,
  result: XmlMembers,
): void {
  const metadata = xml("ResponseMetadata", { RequestId: randomUUID() });
  const body = `${xml(`${action}Result`, result)}${metadata}`;
  sendXml(response, `<${action}Response xmlns="${namespace}">${body}</${action}Response>`);
}

/** A request id in the form that S3 gives. */
export function requestId(): string {
  return randomUUID().replaceAll("-", "").toUpperCase().slice(0, 16);
}
