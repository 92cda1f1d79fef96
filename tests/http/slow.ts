import { once } from "node:events";
import type { Socket } from "node:net";
import { clientHello } from "./handshakes.ts";
import type { Target } from "./run.ts";
import { tcp, tls } from "./sockets.ts";

/** A client that takes its time, and when the server must have ended its connection. */
interface SlowClient {
  readonly name: string;
  /** Seconds after which it must be over, of docs/unikernel.md; a little more is allowed, less is not. */
  readonly limit: number;
  readonly open: (target: Target) => Promise<Socket>;
  /** Sent at once. */
  readonly first?: string;
  /** Sent byte by byte, all the time. */
  readonly drip?: (target: Target) => Promise<Buffer> | Buffer;
}

const dripMs = 300;
/** The server looks twice a second; the rest is for a slow machine. */
const earlyMs = 1_000;
const lateMs = 4_000;

const head = "GET / HTTP/1.1\r\nX-Slow: ";
const endless = () => Buffer.alloc(1_000, "x");
const secure = (target: Target) => tcp(target, target.https);
const plain = (target: Target) => tcp(target, target.http);
const page = "GET /style.css HTTP/1.1\r\nHost: example.org\r\n\r\n";

/** What no drip of bytes puts off. */
const hasty: readonly SlowClient[] = [
  { name: "a client that says nothing", limit: 10, open: secure },
  { name: "a dripped handshake", limit: 10, open: secure, drip: () => clientHello("TLSv1.3") },
  { name: "a dripped head", limit: 10, open: tls, first: head, drip: endless },
  { name: "a dripped head after a response", limit: 10, open: tls, first: page + head, drip: endless },
  { name: "a dripped head over plain HTTP", limit: 10, open: plain, first: head, drip: endless },
];

const patient: readonly SlowClient[] = [
  { name: "a client that has what it wanted", limit: 30, open: tls, first: page },
];

/**
 * What is wrong with when a server ends clients that are slow, all of them side by side: it takes as long as the
 * longest limit, ten seconds, or thirty with those at rest. Never rejects.
 */
export async function checkSlow(target: Target, atRest = false): Promise<string[]> {
  const clients = atRest ? [...hasty, ...patient] : hasty;
  const found = await Promise.all(
    clients.map((client) =>
      watch(target, client).catch((error: Error) => `${client.name}: ${error.message}`),
    ),
  );
  return found.filter((problem) => problem !== undefined);
}

async function watch(target: Target, client: SlowClient): Promise<string | undefined> {
  const socket = await client.open(target);
  const start = Date.now();
  // It is to be ended: how, is the server's affair.
  socket.on("error", () => undefined);
  socket.resume();
  if (client.first !== undefined) socket.write(client.first);
  const bytes = (await client.drip?.(target)) ?? Buffer.alloc(0);
  let at = 0;
  const drip = setInterval(() => {
    if (socket.writable) socket.write(bytes.subarray(at, ++at));
  }, dripMs);
  const tooLate = setTimeout(() => socket.destroy(), client.limit * 1_000 + lateMs);
  await once(socket, "close");
  clearInterval(drip);
  clearTimeout(tooLate);
  const took = Date.now() - start;
  if (took >= client.limit * 1_000 + lateMs) return `${client.name} is not ended after ${client.limit} s`;
  if (took < client.limit * 1_000 - earlyMs) return `${client.name} is ended after ${took} ms`;
  return undefined;
}
