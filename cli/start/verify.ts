import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { planSite } from "../../lib/site/plan.ts";
import { encodePath } from "../../lib/site/url.ts";
import { filesBelow } from "./files.ts";

export interface Verified {
  readonly paths: number;
  readonly mismatches: string[];
}

/**
 * Fetches every page of a built site through its address, by its file's name too, and compares status, bytes and
 * redirects with the files on this machine.
 */
export async function verifySite(site: string, address: string): Promise<Verified> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const mismatches: string[] = [];
  const { pages, fallbacks } = planSite(await filesBelow(site));
  const missing = fallbacks.map((page) => ({ ...page, path: `${page.path}no-such-page-${Date.now()}` }));
  const moved = pages.flatMap(({ path, key }) => (path === `/${key}` ? [] : [{ path: `/${key}`, to: path }]));
  const checks = [...pages, ...missing, ...moved];
  const queue = checks.values();
  const worker = async () => {
    for (const check of queue) {
      const url = encodePath(check.path);
      const { status, location, body } = await fetchPath(agent, address, url);
      const same =
        "to" in check
          ? status === 301 && location === encodePath(check.to)
          : status === check.status && body.equals(await readFile(join(site, check.key)));
      if (!same) mismatches.push(`${url}: status ${status}, ${body.length} bytes`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  agent.destroy();
  return { paths: checks.length, mismatches };
}

function fetchPath(agent: Agent, host: string, path: string) {
  return new Promise<{ status: number; location: string | undefined; body: Buffer }>((resolve, reject) => {
    // The certificate of a first release is self-signed; what it is was checked by the probe.
    const options = { agent, host, path, rejectUnauthorized: false, timeout: 10_000, servername: "" };
    const call = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const { statusCode: status = 0, headers } = answer;
        resolve({ status, location: headers.location, body: Buffer.concat(chunks) });
      });
    });
    call.on("timeout", () => call.destroy(new Error(`https://${host}${path} did not answer within 10 s`)));
    call.on("error", reject);
    call.end();
  });
}
