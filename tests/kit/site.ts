import { execFile } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { buildExampleSite } from "../../cli/start/site.ts";
import { root } from "./package.ts";

/** Builds the example site with Jekyll (once) and copies it to where a test may change it. */
export async function exampleSite(target: string): Promise<void> {
  const data = join(root, "node_modules/.cache/mirage-pages/example");
  await mkdir(data, { recursive: true });
  await cp(await buildExampleSite(root, data), target, { recursive: true, preserveTimestamps: true });
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** One HTTPS request over a connection of its own; any certificate will do. */
export function get(address: string, path: string, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const options = { agent, host: address, path, method, rejectUnauthorized: false, servername: "" };
    const call = request({ ...options, signal: AbortSignal.timeout(10_000) }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      resolve({
        status: answer.statusCode ?? 0,
        body: Buffer.concat(chunks).toString(),
        headers: answer.headers,
      });
    });
    call.on("error", reject);
    call.end();
  });
}

/** The release that the machine at an address says it serves; undefined when none answers. */
export async function servedRelease(address: string): Promise<number | undefined> {
  try {
    return (JSON.parse((await get(address, "/.well-known/mirage-pages")).body) as { release: number })
      .release;
  } catch {
    return undefined;
  }
}

/** Waits until something holds. Rejects with what it waited for when it does not in time. */
export async function until(what: string, holds: () => Promise<boolean>, limitMs = 60_000): Promise<void> {
  for (const start = Date.now(); !(await holds()); await pause(200)) {
    if (Date.now() - start > limitMs) throw new Error(`Waited ${limitMs / 1000} s in vain until ${what}.`);
  }
}

/** Runs a shell command of a test, in a folder. */
export async function shell(command: string, cwd: string): Promise<string> {
  return (await promisify(execFile)("sh", ["-c", command], { cwd })).stdout;
}
