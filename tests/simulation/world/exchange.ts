import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable, Writable } from "node:stream";

/** A request as it would stand on the wire. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An answer as it would stand on the wire. */
export interface Answered {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The connection broke before the answer was whole. */
export class Broken extends Error {
  override readonly name = "Error";
  readonly code = "ECONNRESET";

  constructor() {
    super("socket hang up");
  }
}

/** Hands a request to a handler that is written for node:http and gives what it answers. Throws Broken. */
export function exchange(
  asked: Asked,
  handle: RequestListener | ((request: IncomingMessage, response: ServerResponse) => Promise<void>),
): Promise<Answered> {
  const { method, url, headers, body } = asked;
  const request = Object.assign(Readable.from(body.length === 0 ? [] : [body]), { method, url, headers });
  return new Promise((resolve, reject) => {
    const response = new MemoryResponse(resolve);
    response.once("close", () => reject(new Broken()));
    // What handlers use of the two is there; the rest of node:http's classes is about sockets.
    Promise.resolve(
      handle(request as unknown as IncomingMessage, response as unknown as ServerResponse),
    ).catch(reject);
  });
}

class MemoryResponse extends Writable {
  headersSent = false;
  statusCode = 200;
  readonly #headers: Record<string, string> = {};
  readonly #chunks: Buffer[] = [];
  readonly #resolve: (answered: Answered) => void;

  constructor(resolve: (answered: Answered) => void) {
    super({ autoDestroy: false });
    this.#resolve = resolve;
  }

  setHeader(name: string, value: unknown): this {
    this.#headers[name.toLowerCase()] = String(value);
    return this;
  }

  writeHead(status: number, headers: Readonly<Record<string, unknown>> = {}): this {
    this.statusCode = status;
    this.headersSent = true;
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    return this;
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.headersSent = true;
    this.#chunks.push(Buffer.from(chunk as Buffer));
    done();
  }

  override _final(done: () => void): void {
    done();
    this.#resolve({
      status: this.statusCode,
      headers: this.#headers,
      body: this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks),
    });
  }
}
