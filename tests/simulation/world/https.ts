import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { at } from "../cloud/network.ts";
import type { Answered } from "./exchange.ts";

/** Stands in for node:https and node:http in the probe: asks the simulated network. */
export class Agent {
  destroy(): void {}
}

interface Options {
  readonly host: string;
  readonly port: number;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

type Callback = (answer: Readable) => void;

class Call extends EventEmitter {
  readonly #options: Options;
  readonly #callback: Callback;
  #over = false;

  constructor(options: Options, callback: Callback) {
    super();
    this.#options = options;
    this.#callback = callback;
    options.signal?.addEventListener("abort", () => this.destroy(options.signal?.reason as Error));
  }

  end(): this {
    if (this.#options.timeout !== undefined)
      setTimeout(() => this.#over || this.emit("timeout"), this.#options.timeout);
    this.#ask().then(
      (answer) => this.#over || this.#deliver(answer),
      (error: Error) => this.destroy(error),
    );
    return this;
  }

  destroy(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.emit("error", error);
  }

  #ask(): Promise<Answered & { readonly certificate: Buffer }> {
    const { host, port, method = "GET", path, headers = {} } = this.#options;
    const machine = at(host);
    if (machine === undefined) {
      const error = new Error(`connect ECONNREFUSED ${host}:${port}`);
      return Promise.reject(Object.assign(error, { code: "ECONNREFUSED" }));
    }
    const asked = { method, url: path, headers, body: Buffer.alloc(0) };
    return machine.answer(port === 443 ? 443 : 80, asked);
  }

  #deliver({ status, headers, body, certificate }: Answered & { readonly certificate: Buffer }): void {
    this.#over = true;
    const answer = Readable.from(body.length === 0 ? [] : [body], { objectMode: false });
    const socket = { getPeerCertificate: () => ({ raw: certificate }) };
    this.#callback(Object.assign(answer, { statusCode: status, headers, socket }));
  }
}

export function request(options: Options, callback: Callback): Call {
  return new Call(options, callback);
}

export function get(options: Options, callback: Callback): Call {
  return new Call(options, callback).end();
}
