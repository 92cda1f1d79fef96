import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { median } from "../table.ts";
import { type Served, serve } from "./site.ts";

const run = promisify(execFile);
const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 32;
/** Bytes: a page of text, and one of which nothing but its head and TLS take time. */
const PAGE = 14_000;
const SMALL = 200;

/** Requests a second over HTTPS, the median of the rounds. */
interface Rates {
  readonly ours: number;
  readonly nginx: number;
}

export interface Throughput {
  /** A page of 14 KB on kept connections. */
  readonly page: Rates;
  /** One of 200 bytes. */
  readonly small: Rates;
  /** The same, each request on a connection, and with a handshake, of its own. */
  readonly fresh: Rates;
}

/**
 * Lets wrk ask our Linux backend and nginx in turn, each on one core and wrk on the other. Both serve the bytes as
 * they are: wrk takes no encoding. Rejects when an answer is not 200.
 */
export async function throughput(folder: string): Promise<Throughput> {
  const site = join(folder, "site");
  await mkdir(site, { recursive: true });
  await writeFile(join(site, "index.html"), text(SMALL));
  await writeFile(join(site, "page.html"), text(PAGE));
  await keepTo("0");
  const served = await serve(site, folder);
  try {
    return {
      page: await ratesOf(served, "/page.html"),
      small: await ratesOf(served, "/"),
      fresh: await ratesOf(served, "/", ["-H", "Connection: close"]),
    };
  } finally {
    await served.stop();
    await keepTo("0-1");
  }
}

/** Puts this process, and what it starts from now on, on these cores. */
async function keepTo(cores: string): Promise<void> {
  await run("taskset", ["-a", "-c", "-p", cores, String(process.pid)]);
}

function text(bytes: number): string {
  const words = "<p>A page of the site, with a word or two on each of its many lines.</p>\n";
  return words.repeat(Math.ceil(bytes / words.length)).slice(0, bytes);
}

async function ratesOf(served: Served, path: string, options: readonly string[] = []): Promise<Rates> {
  const ours: number[] = [];
  const nginx: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await rate(served.ours, path, options));
    nginx.push(await rate(served.nginx, path, options));
  }
  return { ours: median(ours), nginx: median(nginx) };
}

async function rate(port: number, path: string, options: readonly string[]): Promise<number> {
  const load = ["-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`, ...options, `https://127.0.0.1:${port}${path}`];
  const { stdout } = await run("taskset", ["-c", "1", "wrk", ...load]);
  if (stdout.includes("Non-2xx")) throw new Error(`Port ${port} does not answer 200 for ${path}:\n${stdout}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}
