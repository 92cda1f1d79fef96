import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { ruledPaths } from "../../lib/site/ruled.ts";
import { planWithRules, ruleFiles } from "../../lib/site/site-rules.ts";
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
  const keys = await filesBelow(site);
  const { plan } = planWithRules(keys, await ruleFilesOf(site, keys));
  const ruled = ruledPaths(plan.rules);
  const pages = plan.pages.filter(({ path }) => !ruled(path, "forced"));
  const fallbacks = plan.fallbacks.filter(({ path }) => !ruled(`${path}no-such-page`, "any"));
  const missing = fallbacks.map((page) => ({ ...page, path: `${page.path}no-such-page-${Date.now()}` }));
  const answered = new Set([...plan.pages, ...plan.redirects].map(({ path }) => path));
  const moved = pages.flatMap(({ path, key, status }) => {
    const own = `/${key}`;
    return status !== 200 || answered.has(own) || ruled(own, "forced") ? [] : [{ path: own, to: path }];
  });
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

async function ruleFilesOf(site: string, keys: readonly string[]): Promise<Map<string, string>> {
  const files = keys.filter((key) => ruleFiles.includes(key));
  return new Map(
    await Promise.all(files.map(async (key) => [key, await readFile(join(site, key), "utf8")] as const)),
  );
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
