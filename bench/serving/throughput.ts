import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { median } from "../table.ts";
import { type Served, serve } from "./site.ts";

const run = promisify(execFile);
const ROUNDS = 6;
const SECONDS = 2;
const CONNECTIONS = 32;
/** Bytes: a page of text, and one of which nothing but its head and TLS take time. */
const PAGE = 14_000;
const SMALL = 200;

/** How requests go, the median of the rounds. */
interface Pace {
  /** Requests a second; the client's own core may be what bounds it. */
  readonly rate: number;
  /** Microseconds of the server's CPU time for each. */
  readonly cpu: number;
}

/** Ours beside nginx; the shares are of the rounds, in which both had the same machine, and their medians. */
interface Beside {
  readonly ours: Pace;
  readonly nginx: Pace;
  /** Requests of ours for each hundred of nginx in the same time. */
  readonly rateShare: number;
  /** The same for equal CPU time. */
  readonly cpuShare: number;
}

export interface Throughput {
  /** A page of 14 KB on kept connections. */
  readonly page: Beside;
  /** One of 200 bytes. */
  readonly small: Beside;
  /** The same, each request on a connection of its own, which goes on with the session of one before. */
  readonly again: Beside;
  /** … of a client that was never here: whole handshakes, one after the other. */
  readonly first: Beside;
}

/** A client's program and arguments, and what in its output tells its requests and seconds. */
interface Client {
  readonly words: (url: string, host: string) => readonly string[];
  readonly counts: RegExp;
}

/**
 * Lets clients ask our Linux backend and nginx in turn, the servers on one core and the client on the other. Both
 * serve the bytes as they are: the clients take no encoding. Takes about 100 s. Rejects when wrk gets another answer
 * than 200.
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
      page: await beside(served, wrk("/page.html")),
      small: await beside(served, wrk("/")),
      again: await beside(served, wrk("/", "-H", "Connection: close")),
      first: await beside(served, newcomers),
    };
  } finally {
    await served.stop();
    await keepTo("0-1");
  }
}

function wrk(path: string, ...options: readonly string[]): Client {
  const load = ["-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`, ...options];
  return { words: (url) => ["wrk", ...load, `${url}${path}`], counts: /(\d+) requests in ([\d.]+)s/ };
}

/** By openssl, for wrk goes on with sessions and cannot do otherwise. */
const newcomers: Client = {
  words: (_, host) => ["openssl", "s_time", "-connect", host, "-new", "-www", "/", "-time", String(SECONDS)],
  counts: /(\d+) connections in (\d+) real seconds/,
};

/** Puts this process, and what it starts from now on, on these cores. */
async function keepTo(cores: string): Promise<void> {
  await run("taskset", ["-a", "-c", "-p", cores, String(process.pid)]);
}

function text(bytes: number): string {
  const words = "<p>A page of the site, with a word or two on each of its many lines.</p>\n";
  return words.repeat(Math.ceil(bytes / words.length)).slice(0, bytes);
}

async function beside({ ours, nginx, processes }: Served, client: Client): Promise<Beside> {
  const rounds: { readonly ours: Pace; readonly nginx: Pace }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      ours: await pace(ours, processes.ours, client),
      nginx: await pace(nginx, processes.nginx, client),
    });
  }
  const middle = (of: (round: (typeof rounds)[number]) => number) => median(rounds.map(of));
  return {
    ours: { rate: middle((round) => round.ours.rate), cpu: middle((round) => round.ours.cpu) },
    nginx: { rate: middle((round) => round.nginx.rate), cpu: middle((round) => round.nginx.cpu) },
    rateShare: 100 * middle((round) => round.ours.rate / round.nginx.rate),
    cpuShare: 100 * middle((round) => round.nginx.cpu / round.ours.cpu),
  };
}

async function pace(port: number, server: number, { words, counts }: Client): Promise<Pace> {
  const before = await cpuTime(server);
  const host = `127.0.0.1:${port}`;
  const { stdout } = await run("taskset", ["-c", "1", ...words(`https://${host}`, host)]);
  const [, requests, seconds] = (counts.exec(stdout) ?? []).map(Number);
  if (!requests || !seconds || stdout.includes("Non-2xx"))
    throw new Error(`Port ${port} does not answer 200 to all:\n${stdout}`);
  return { rate: requests / seconds, cpu: ((await cpuTime(server)) - before) / requests };
}

/** Microseconds that a process's threads have had a core. */
async function cpuTime(id: number): Promise<number> {
  const threads = (await readdir(`/proc/${id}/task`)).map((thread) => `/proc/${id}/task/${thread}/schedstat`);
  const times = await Promise.all(
    threads.map(async (path) => Number((await readFile(path, "utf8")).split(" ")[0])),
  );
  return times.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1_000;
}
