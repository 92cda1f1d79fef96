import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Case, Wanted } from "./case.ts";

/** A server that the cases are asked of. */
export interface Target {
  readonly host: string;
  readonly http: number;
  readonly https: number;
  /** PEM to trust; without it, what the system trusts. */
  readonly trust?: string | undefined;
  /** The name it is asked for; the certificate has it. */
  readonly name: string;
}

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const limitMs = 10_000;

/** What is wrong with the answer to a case; empty when nothing is. */
export async function check(target: Target, one: Case): Promise<string[]> {
  const [headers, wanted] = await Promise.all([withTags(target, one.headers), withTags(target, one.wanted)]);
  const answer = await exchange(target, { ...one, headers });
  const problems: string[] = [];
  if (answer.status !== one.status) problems.push(`status ${answer.status} instead of ${one.status}`);
  for (const [name, value] of Object.entries(wanted)) {
    const found = answer.headers.get(name);
    if (!fits(found, value)) problems.push(`${name}: ${found ?? "(none)"} instead of ${value ?? "none"}`);
  }
  if (one.body !== undefined) {
    const content = decode(answer);
    if (!content.equals(one.body))
      problems.push(`a body of ${content.length} bytes that is not the one wanted`);
  }
  return problems;
}

const tags = new WeakMap<Target, Map<string, Promise<string>>>();

/** Puts in the entity tags that the server has given to the paths which the values name. */
async function withTags<T extends Wanted>(
  target: Target,
  headers: Readonly<Record<string, T>>,
): Promise<Record<string, T | string>> {
  const filled: Record<string, T | string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const path = typeof value === "string" ? /<tag of ([^>]*)>/.exec(value)?.[1] : undefined;
    filled[name] =
      path === undefined || typeof value !== "string"
        ? value
        : value.replaceAll(`<tag of ${path}>`, await tagAt(target, path));
  }
  return filled;
}

function tagAt(target: Target, path: string): Promise<string> {
  const known = tags.get(target) ?? new Map<string, Promise<string>>();
  tags.set(target, known);
  const request = { name: path, method: "HEAD", target: path, headers: {}, plain: false };
  const tag =
    known.get(path) ??
    exchange(target, { ...request, status: 200, wanted: {}, body: undefined }).then(
      ({ headers }) => headers.get("etag") ?? "no tag",
    );
  known.set(path, tag);
  return tag;
}

function fits(found: string | undefined, wanted: Wanted): boolean {
  if (wanted === null || found === undefined) return wanted === null && found === undefined;
  return typeof wanted === "string" ? found === wanted : wanted.test(found);
}

function decode({ headers, body }: Answer): Buffer {
  if (body.length === 0 || headers.has("content-range")) return body;
  switch (headers.get("content-encoding")) {
    case "gzip":
      return gunzipSync(body);
    case "br":
      return brotliDecompressSync(body);
    case "zstd":
      return zstdDecompressSync(body);
    default:
      return body;
  }
}

/**
 * One request on a connection of its own, written byte for byte as the case has it: no client library may put a
 * target or a Host right.
 */
async function exchange(target: Target, one: Case): Promise<Answer> {
  const { host: hostname, trust: ca, name } = target;
  const socket = one.plain
    ? connectTcp({ host: hostname, port: target.http })
    : connectTls({ host: hostname, port: target.https, ca, servername: name });
  socket.setTimeout(limitMs, () => socket.destroy(new Error(`${one.name}: no answer within ${limitMs} ms`)));
  await once(socket, one.plain ? "connect" : "secureConnect");
  const headers = { host: name, ...one.headers, connection: "close" };
  const lines = Object.entries(headers).map(([field, value]) => `${field}: ${value}\r\n`);
  socket.write(`${one.method} ${one.target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return parse(Buffer.concat(chunks), one.name);
}

function parse(bytes: Buffer, name: string): Answer {
  const end = bytes.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, Math.max(0, end)).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  if (!(status > 0)) throw new Error(`${name}: no HTTP answer but ${bytes.length} bytes`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const field = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(field, headers.has(field) ? `${headers.get(field)}, ${value}` : value);
  }
  const body = bytes.subarray(end + 4);
  return { status, headers, body: headers.get("transfer-encoding") === "chunked" ? unchunked(body) : body };
}

function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf("\r\n", at);
    const length = Number.parseInt(body.toString("latin1", at, line), 16);
    if (!(length > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(line + 2, line + 2 + length));
    at = line + 2 + length + 2;
  }
}
