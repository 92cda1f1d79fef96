import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { encodePath, urlPaths } from "../../lib/site/paths.ts";
import { filesBelow } from "./files.ts";

export interface Verified {
  readonly paths: number;
  readonly mismatches: string[];
}

/**
 * Fetches every path of a built site through its address and compares status, bytes and redirects with the
 * files on this machine.
 */
export async function verifySite(site: string, address: string): Promise<Verified> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const mismatches: string[] = [];
  const checks = (await filesBelow(site)).flatMap((key) => urlPaths(key).map((path) => ({ key, ...path })));
  const queue = checks.values();
  const worker = async () => {
    for (const { key, kind, path, status, location } of queue) {
      const url = encodePath(kind === "!" ? `${path}no-such-page-${Date.now()}` : path);
      const answer = await fetchPath(agent, address, url);
      const expected = location === undefined ? await readFile(join(site, key)) : undefined;
      const same =
        answer.status === status &&
        (expected === undefined ? answer.location === location : answer.body.equals(expected));
      if (!same) mismatches.push(`${url}: status ${answer.status}, ${answer.body.length} bytes`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  agent.destroy();
  return { paths: checks.length, mismatches };
}

function fetchPath(agent: Agent, host: string, path: string) {
  return new Promise<{ status: number; body: Buffer; location: string | undefined }>((resolve, reject) => {
    // The certificate of a first release is self-signed; what it is was checked by the probe.
    const options = { agent, host, path, rejectUnauthorized: false, timeout: 10_000, servername: "" };
    const call = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks),
          location: answer.headers.location,
        }),
      );
    });
    call.on("timeout", () => call.destroy(new Error(`https://${host}${path} did not answer within 10 s`)));
    call.on("error", reject);
    call.end();
  });
}
