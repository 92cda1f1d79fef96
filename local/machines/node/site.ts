import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { type IndexEntry, isRedirect } from "../../../lib/archive/site-index.ts";
import type { Source } from "../../../lib/disk/source.ts";
import type { BootedDisk } from "./disk.ts";

/** Path at which a machine says what it is. */
const proofPath = "/.well-known/mirage-pages";
const challengePath = /^\/\.well-known\/acme-challenge\/[A-Za-z0-9_-]+$/;

/** Answers on port 443 as the unikernel does (docs/archive.md, "What the machine answers"). */
export function siteHandler(disk: BootedDisk): RequestListener {
  return (request, response) => {
    answer(disk, request, response).catch(() => response.destroy());
  };
}

/** Answers on port 80: every request is sent to HTTPS, but for ACME's challenges. */
export function redirectHandler({ identity }: BootedDisk): RequestListener {
  return (request, response) => {
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    const simple = request.method === "GET" || request.method === "HEAD";
    const [path = "/"] = (request.url ?? "/").split("?");
    request.resume();
    if (identity.challenge !== undefined && simple && challengePath.test(path)) {
      response.writeHead(302, { location: `${identity.challenge}${path}`, "content-length": 0 });
    } else {
      response.writeHead(simple ? 301 : 308, {
        location: `https://${host}${request.url ?? "/"}`,
        "content-length": 0,
      });
    }
    response.end();
  };
}

async function answer(disk: BootedDisk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  if (disk.identity.hsts) response.setHeader("strict-transport-security", disk.identity.hsts);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plain(response, 405, "405 Method Not Allowed\n", { allow: "GET, HEAD" });
  }
  const [target = "/", ...query] = (request.url ?? "/").split("?");
  if (target === proofPath) {
    const { release, archive } = disk.identity;
    const body = `${JSON.stringify({ release, archive: archive.digest })}\n`;
    return plain(response, 200, body, { "content-type": "application/json", "cache-control": "no-store" });
  }
  const path = decode(target);
  if (path === undefined) return plain(response, 400, "400 Bad Request\n");
  const entry = disk.lookUp(path);
  if (!entry) return plain(response, 404, "404 Not Found\n");
  await sendEntry(disk, entry, request, response, query.length > 0 ? `?${query.join("?")}` : "");
}

async function sendEntry(
  disk: BootedDisk,
  entry: IndexEntry,
  request: IncomingMessage,
  response: ServerResponse,
  query: string,
): Promise<void> {
  for (const [name, value] of entry.headers) response.setHeader(name, value);
  if (isRedirect(entry)) {
    response.writeHead(entry.status, { location: entry.location + query, "content-length": 0 });
    response.end();
    return;
  }
  const [identity] = entry.representations;
  response.setHeader("etag", identity.etag);
  if (entry.status === 200 && matches(request.headers["if-none-match"], identity.etag)) {
    response.writeHead(304);
    response.end();
    return;
  }
  response.writeHead(entry.status, { "content-type": entry.type, "content-length": identity.size });
  if (request.method === "HEAD" || identity.size === 0) {
    response.end();
    return;
  }
  await pipeline(chunks(disk.body(identity)), response);
}

const chunkBytes = 64 * 1024;

async function* chunks(body: Source): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.size; at += chunkBytes) {
    yield await body.read(at, Math.min(chunkBytes, body.size - at));
  }
}

function plain(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    ...headers,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function decode(target: string): string | undefined {
  try {
    return decodeURIComponent(target);
  } catch {
    return undefined;
  }
}

// If-None-Match compares weakly (RFC 9110, 13.1.2).
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}
