import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a well-behaved client waits, in milliseconds, at the 50th and 99th percentile. */
export interface Waits {
  readonly median: number;
  readonly p99: number;
  /** Slow clients that were connected, at the least moment. */
  readonly hangingOn: number;
}

export interface Ports {
  /** 0: slow clients come to the HTTPS port alone. */
  readonly http: number;
  readonly https: number;
}

const SLOW = 5_000;
/** For each that hangs on, as many as this are under way: who is cut off needs a moment to come again. */
const UNDER_WAY = 1.14;
const REQUESTS = 1_000;
const PAUSE_MS = 10;

/**
 * Lets slow clients hang on to a server and asks it meanwhile for a page, on a kept connection and now and then on a
 * new one (every tenth request). With `slow` 0: the same without them.
 */
export async function waitsOf({ http, https }: Ports, slow = SLOW): Promise<Waits> {
  if (slow === 0) return { ...(await ask(https)), hangingOn: 0 };
  const crowd = fork(
    join(import.meta.dirname, "hang-on.ts"),
    [Math.ceil(slow * UNDER_WAY), http, https].map(String),
  );
  try {
    const counts: number[] = [];
    crowd.on("message", ({ connected }: { connected: number }) => counts.push(connected));
    await allCome(crowd, slow);
    counts.length = 0;
    const waits = await ask(https);
    return { ...waits, hangingOn: Math.min(...counts) };
  } finally {
    const ended = once(crowd, "exit");
    crowd.kill("SIGKILL");
    await ended;
  }
}

/** Waits until as many hang on for three seconds. */
async function allCome(crowd: ChildProcess, slow: number): Promise<void> {
  let enough = 0;
  for (let seconds = 0; seconds < 60 && enough < 3; seconds++) {
    const [{ connected }] = (await once(crowd, "message")) as [{ connected: number }];
    enough = connected >= slow ? enough + 1 : 0;
  }
  if (enough < 3) throw new Error(`Fewer than ${slow} slow clients could hang on at once.`);
}

async function ask(port: number): Promise<{ median: number; p99: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const waits: number[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    waits.push(await askOnce(port, i % 10 === 9 ? false : agent));
    await sleep(PAUSE_MS);
  }
  agent.destroy();
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { median: at(0.5), p99: at(0.99) };
}

async function askOnce(port: number, agent: Agent | false): Promise<number> {
  const from = performance.now();
  const call = request({ host: "127.0.0.1", port, path: "/", agent, rejectUnauthorized: false });
  call.end();
  const [answer] = await once(call, "response");
  if (answer.statusCode !== 200) throw new Error(`The server answers ${answer.statusCode}.`);
  for await (const _ of answer);
  return performance.now() - from;
}
