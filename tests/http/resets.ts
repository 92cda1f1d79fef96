import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { ask } from "./case.ts";
import { check, type Target } from "./run.ts";

const rounds = 40;

/** What is wrong with a server after so many clients have reset their connections; empty when nothing is. */
export async function checkResets(target: Target): Promise<string[]> {
  for (let round = 0; round < rounds; round++) {
    await Promise.all([brokenResponse(target), brokenHead(target)]);
  }
  const problems = await check(target, ask("/style.css", 200, { body: "style.css" }));
  return problems.map((problem) => `after ${rounds} of each reset: ${problem}`);
}

async function brokenResponse(target: Target): Promise<void> {
  const { raw, socket } = await open(target);
  socket.write(`GET /large.bin HTTP/1.1\r\nHost: ${target.name}\r\n\r\n`);
  await once(socket, "data");
  raw.resetAndDestroy();
}

async function brokenHead(target: Target): Promise<void> {
  const { raw, socket } = await open(target);
  socket.write("GET / HT");
  raw.resetAndDestroy();
}

async function open({ host, https: port, trust: ca, name: servername }: Target) {
  const raw = connectTcp({ host, port });
  const socket: TLSSocket = connectTls({ socket: raw, ca, servername });
  await once(socket, "secureConnect");
  // A connection that is reset tells so.
  socket.on("error", () => {});
  return { raw, socket };
}
