import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { duplexPair } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type SecureVersion } from "node:tls";
import { page } from "./page.ts";
import { check, type Target } from "./run.ts";

/** One way in which a client leaves a handshake unfinished. */
interface Stage {
  readonly name: string;
  readonly sent: (hello: (maxVersion: SecureVersion) => Promise<Buffer>) => Promise<Buffer> | Buffer;
  /** What it sends once the server has answered. */
  readonly answer?: Buffer;
  /** Whether it waits for the server's answer before it goes. */
  readonly waits?: boolean;
  /** Whether it closes its side and reads on, instead of resetting the connection. */
  readonly closes?: boolean;
}

/** RFC 8446, 6: a fatal alert, `unknown_ca`. */
const alert = Buffer.from("15030300020230", "hex");
/** As long as the address below. */
const placeholder = "a-b.c-d";
const address = "1.2.3.4";

const stages: readonly Stage[] = [
  { name: "nothing", sent: () => Buffer.alloc(0) },
  { name: "half a ClientHello", sent: async (hello) => (await hello("TLSv1.3")).subarray(0, 50) },
  {
    name: "half a ClientHello",
    sent: async (hello) => (await hello("TLSv1.3")).subarray(0, 50),
    closes: true,
  },
  { name: "no TLS at all", sent: () => Buffer.from("GET / HTTP/1.1\r\n\r\n"), closes: true },
  { name: "a ClientHello of TLS 1.3", sent: (hello) => hello("TLSv1.3") },
  { name: "a ClientHello of TLS 1.3", sent: (hello) => hello("TLSv1.3"), waits: true },
  { name: "a ClientHello of TLS 1.3", sent: (hello) => hello("TLSv1.3"), waits: true, closes: true },
  { name: "a ClientHello of TLS 1.2", sent: (hello) => hello("TLSv1.2"), waits: true },
  {
    name: "a ClientHello and an alert",
    sent: (hello) => hello("TLSv1.3"),
    waits: true,
    answer: alert,
    closes: true,
  },
  {
    name: "an address as server name",
    sent: async (hello) =>
      Buffer.from((await hello("TLSv1.3")).toString("latin1").replace(placeholder, address), "latin1"),
    waits: true,
  },
];

const limitMs = 5_000;

/**
 * What is wrong with a server after each handshake was broken so many times; empty when nothing is. A connection
 * that leaks with each is found where one address may have fewer.
 */
export async function checkHandshakes(target: Target, rounds = 60): Promise<string[]> {
  const problems: string[] = [];
  for (let round = 0; round < rounds && problems.length === 0; round++) {
    const failures = await Promise.all(stages.map((stage) => breakOff(target, stage)));
    problems.push(...failures.flat().map((problem) => `round ${round + 1}: ${problem}`));
  }
  const after = () => check(target, page);
  // The last ones may still be on their way out.
  const served = await after()
    .catch(() => sleep(1_000).then(after))
    .catch((error: Error) => [error.message]);
  return [...problems, ...served.map((problem) => `after ${rounds} of each: ${problem}`)];
}

async function breakOff({ host, https: port }: Target, stage: Stage): Promise<string[]> {
  const socket = connectTcp({ host, port });
  // What a server does to such a client is its own affair.
  socket.on("error", () => undefined);
  try {
    await soon(socket, "connect");
    socket.write(await stage.sent(clientHello));
    if (stage.waits) await soon(socket, "data");
    if (stage.answer !== undefined) socket.write(stage.answer);
    if (stage.closes) {
      socket.resume().end();
      await soon(socket, "close");
    }
    return [];
  } catch (error) {
    return [`${stage.name}: ${error}`];
  } finally {
    socket.resetAndDestroy();
  }
}

/** Rejects when the event takes too long; the end of the connection counts as any event. */
async function soon(socket: Socket, event: "connect" | "data" | "close"): Promise<void> {
  if (socket.destroyed) return;
  const signal = AbortSignal.timeout(limitMs);
  await Promise.race([once(socket, event, { signal }), once(socket, "close", { signal })]).catch(() => {
    if (!socket.destroyed) throw new Error(`no ${event} within ${limitMs} ms`);
  });
}

/** The first bytes of a client whose newest version of TLS is this one. */
export async function clientHello(maxVersion: SecureVersion): Promise<Buffer> {
  const [inner, outer] = duplexPair();
  const socket = connectTls({ socket: inner, servername: placeholder, maxVersion });
  socket.on("error", () => undefined);
  const [hello] = (await once(outer, "data")) as [Buffer];
  socket.destroy();
  return hello;
}
