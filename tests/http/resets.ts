import { once } from "node:events";
import { askPage } from "./page.ts";
import type { Target } from "./run.ts";
import { tcp, tls } from "./sockets.ts";

const rounds = 40;

/** What is wrong with a server after so many clients have reset their connections; empty when nothing is. */
export async function checkResets(target: Target): Promise<string[]> {
  for (let round = 0; round < rounds; round++) {
    await Promise.all([brokenResponse(target), brokenHead(target)]);
  }
  return askPage(target, `after ${rounds} of each reset`);
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

async function open(target: Target) {
  const raw = await tcp(target, target.https);
  const socket = await tls(target, raw);
  // A connection that is reset tells so.
  socket.on("error", () => {});
  return { raw, socket };
}
