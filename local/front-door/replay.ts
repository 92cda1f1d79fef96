import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";

/**
 * A request whose body has been read already, readable once more: the front door looks into the forms of the
 * query protocols for the action, and the service still finds its body.
 */
export function replay(request: IncomingMessage, body: Buffer): IncomingMessage {
  const stream = Readable.from(body.length === 0 ? [] : [body]);
  const { headers, rawHeaders, method, url, httpVersion, httpVersionMajor, httpVersionMinor, socket } =
    request;
  const properties = {
    headers,
    rawHeaders,
    method,
    url,
    httpVersion,
    httpVersionMajor,
    httpVersionMinor,
    socket,
  };
  // A stream with these members is all that services, and Fastify, use of an IncomingMessage.
  return Object.assign(stream, properties) as unknown as IncomingMessage;
}
