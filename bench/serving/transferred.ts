import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { TLSSocket } from "node:tls";
import type { Served } from "./site.ts";

/** What a browser of today asks for. */
const ACCEPT_ENCODING = "gzip, deflate, br, zstd";

/** Bytes that a visitor gets who asks for every file of a site once: bodies as encoded, and all with their heads. */
export interface Transferred {
  readonly bodies: number;
  readonly whole: number;
}

/** Fetches the whole site from both servers. Throws when one of them does not serve a file. */
export async function transferred(served: Served): Promise<{ ours: Transferred; nginx: Transferred }> {
  return { ours: await fetchAll(served, served.ours), nginx: await fetchAll(served, served.nginx) };
}

async function fetchAll({ keys }: Served, port: number): Promise<Transferred> {
  const sum = { bodies: 0, whole: 0 };
  for (const key of keys) {
    if (key === "404.html") continue;
    const { bodies, whole } = await fetchOne(port, `/${encodeURI(key).replace(/(^|\/)index\.html$/, "$1")}`);
    sum.bodies += bodies;
    sum.whole += whole;
  }
  return sum;
}

async function fetchOne(port: number, path: string): Promise<Transferred> {
  const headers = { "accept-encoding": ACCEPT_ENCODING };
  const options = { host: "127.0.0.1", port, path, headers, agent: false, rejectUnauthorized: false };
  const call = request(options);
  call.end();
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  let bodies = 0;
  for await (const chunk of answer) bodies += (chunk as Buffer).length;
  if (answer.statusCode !== 200) throw new Error(`${path} on port ${port} answers ${answer.statusCode}`);
  // The head as it was sent: status line, lines, an empty one.
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let i = 0; i < answer.rawHeaders.length; i += 2)
    lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
  (answer.socket as TLSSocket).destroy();
  return { bodies, whole: bodies + lines.reduce((sum, line) => sum + line.length + 2, 2) };
}
