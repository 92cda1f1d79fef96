import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { askPage } from "./page.ts";
import type { Target } from "./run.ts";
import { tcp, tls } from "./sockets.ts";

const clients = 20;
const filler = 500;
const limitMs = 20_000;

/**
 * What is wrong with the answers to many clients at once whose requests come in segments of one byte, over TLS in
 * records of one byte, and with a page that is asked for meanwhile; empty when nothing is.
 */
export async function checkSegments(target: Target): Promise<string[]> {
  const open = (i: number) => (i % 2 === 0 ? tcp(target, target.http) : tls(target));
  const sockets = await Promise.all(Array.from({ length: clients }, (_, i) => open(i)));
  const answers = Promise.all(sockets.map((socket) => statusLine(socket)));
  const page = askPage(target, "a page meanwhile");
  const fields = `Host: ${target.name}\r\nX-Filler: ${"x".repeat(filler)}\r\nConnection: close\r\n`;
  // QEMU's user network now and then loses the first byte of a connection when it comes alone.
  for (const socket of sockets) socket.write("GET /style.css HTTP/1.1\r\n");
  for (const byte of Buffer.from(`${fields}\r\n`)) {
    for (const socket of sockets) socket.write(Buffer.of(byte));
    // Else the kernel would be given them as one.
    await turn();
  }
  const wanted = (i: number) => (i % 2 === 0 ? "HTTP/1.1 301" : "HTTP/1.1 200");
  const problems = (await answers)
    .filter((found, i) => found !== wanted(i))
    .map((found) => `a request in segments of one byte: "${found}"`);
  return [...problems, ...(await page)];
}

async function statusLine(socket: Socket): Promise<string> {
  socket.setNoDelay(true);
  socket.setTimeout(limitMs, () => socket.destroy(new Error(`no answer within ${limitMs} ms`)));
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString("latin1", 0, 12);
  } catch (error) {
    return String(error);
  }
}
