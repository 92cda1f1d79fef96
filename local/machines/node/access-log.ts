import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AccessLog } from "../../../lib/identity/identity.ts";

const logPath = "/.well-known/mirage-pages/access-log";
/** Of lines in one answer. */
const most = 1000;

type Class = "2xx" | "3xx" | "4xx" | "5xx";

interface Handlers {
  readonly http: RequestListener;
  readonly https: RequestListener;
}

/** The handlers of both ports, which note what is asked where the identity wants it (docs/archive.md). */
export function watched(
  settings: AccessLog | undefined,
  http: RequestListener,
  https: RequestListener,
): Handlers {
  if (settings === undefined) return { http, https };
  const log = new Log(settings);
  return {
    http: (request, response) => {
      log.note(request, response);
      http(request, response);
    },
    https: (request, response) => {
      if (log.isAskedBy(request)) return log.tell(request, response);
      log.note(request, response);
      https(request, response);
    },
  };
}

class Log {
  readonly #settings: AccessLog;
  readonly #boot = String(Math.round((performance.timeOrigin + performance.now()) * 1000));
  readonly #started = Date.now();
  #lines: string[] = [];
  #first = 1;
  readonly #responses: Record<Class, number> = { "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 };
  #bytes = 0;
  #notModified = 0;

  constructor(settings: AccessLog) {
    this.#settings = settings;
  }

  isAskedBy({ url = "", headers, method }: IncomingMessage): boolean {
    const isPath = url.split("?")[0] === logPath && method === "GET";
    return isPath && headers.authorization === `Bearer ${this.#settings.secret}`;
  }

  note(request: IncomingMessage, response: ServerResponse): void {
    const { method, url, httpVersion, headers } = request;
    const whole = request.socket.remoteAddress ?? "-";
    const address = this.#settings.addresses === "full" ? whole : whole.replace(/\.\d+$/, ".0");
    response.on("finish", () => {
      const size = Number(method === "HEAD" ? 0 : (response.getHeader("content-length") ?? 0));
      const { statusCode } = response;
      const kind = `${Math.floor(statusCode / 100)}xx` as Class;
      this.#responses[kind] += 1;
      this.#bytes += size;
      if (statusCode === 304) this.#notModified += 1;
      const quoted = (name: "referer" | "user-agent") => `"${headers[name] ?? "-"}"`;
      this.#lines.push(
        `${address} - - [${timeOf(new Date())}] "${method} ${url} HTTP/${httpVersion}" ${statusCode} ` +
          `${size || "-"} ${quoted("referer")} ${quoted("user-agent")}`,
      );
    });
  }

  tell({ url = "" }: IncomingMessage, response: ServerResponse): void {
    const [, boot, kept = 0] = /\?after=(\d+)-(\d+)$/.exec(url) ?? [];
    const gone =
      boot === this.#boot ? Math.max(0, Math.min(Number(kept), this.#newest()) + 1 - this.#first) : 0;
    this.#lines.splice(0, gone);
    this.#first += gone;
    const given = this.#lines.slice(0, most);
    const requests = Object.values(this.#responses).reduce((sum, count) => sum + count, 0);
    const summary = {
      ...{ boot: this.#boot, first: this.#first, last: this.#first + given.length - 1 },
      ...{ newest: this.#newest(), uptime: Math.floor((Date.now() - this.#started) / 1000) },
      ...{ requests, bytes: this.#bytes, responses: this.#responses, notModified: this.#notModified },
      ...{ connections: requests, handshakeFailures: 0 },
    };
    const body = [JSON.stringify(summary), ...given].map((line) => `${line}\n`).join("");
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
    response.end(body);
  }

  #newest(): number {
    return this.#first + this.#lines.length - 1;
  }
}

/** 23/Nov/2026:08:05:07 +0000 */
function timeOf(date: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(date.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}
