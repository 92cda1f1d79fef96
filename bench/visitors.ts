import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** What visitors saw. */
export interface Seen {
  /** Requests on a connection made for each. */
  fresh: number;
  /** Of these, those without a whole answer of the site, those not counted that a move cut off. */
  readonly failedFresh: string[];
  /** Those that were under way, on a connection of before, in the moment in which the address moved. */
  readonly cutFresh: string[];
  /** Requests on connections that were kept alive. */
  kept: number;
  /** Of these, those that the end of their connection cut off. */
  readonly cut: string[];
  /** Answers that were no page of the site. */
  readonly wrong: string[];
  /** Requests that had to wait because as many were under way as a visitor's patience allows. */
  late: number;
}

export interface VisitorOptions {
  readonly address: string;
  /** Requests a second, each on a new connection. */
  readonly fresh: number;
  /** Requests a second on kept connections. */
  readonly kept: number;
  /** Connections that are kept. */
  readonly connections: number;
  /** Whether a body is one of the site's. */
  isPage(body: string): boolean;
}

/** How much later than others the witness may be told. */
const WITNESS_MS = 50;
const patienceMs = 15_000;
const mostAtOnce = 200;

/** Visits an address at steady rates, whatever the answers, until it is told to stop; answers then what was seen. */
export function visitors(options: VisitorOptions): { readonly seen: Seen; stop(): Promise<Seen> } {
  const seen: Seen = { fresh: 0, failedFresh: [], cutFresh: [], kept: 0, cut: [], wrong: [], late: 0 };
  const underWay = new Set<Promise<void>>();
  const follow = (visit: Promise<void>) => {
    underWay.add(visit);
    void visit.finally(() => underWay.delete(visit));
  };

  const moves = witnessMoves(options.address);

  async function visitFresh(): Promise<void> {
    seen.fresh += 1;
    const begun = performance.now();
    try {
      check(await ask(options.address, new Agent({ keepAlive: false })));
    } catch (error) {
      const ended = performance.now();
      // The witness may be told of its end a moment later.
      await pause(WITNESS_MS);
      const wasCut = moves.seen.some((at) => begun <= at && at <= ended + WITNESS_MS);
      (wasCut ? seen.cutFresh : seen.failedFresh).push(reason(error));
    }
  }

  const idle = Array.from(
    { length: options.connections },
    () => new Agent({ keepAlive: true, maxSockets: 1 }),
  );
  async function visitKept(): Promise<void> {
    const agent = idle.pop();
    if (agent === undefined) {
      seen.late += 1;
      return;
    }
    try {
      check(await ask(options.address, agent));
      seen.kept += 1;
    } catch (error) {
      seen.kept += 1;
      seen.cut.push(reason(error));
    }
    idle.push(agent);
  }

  function check({ status, body }: Answer): void {
    if (status !== 200 || !options.isPage(body)) seen.wrong.push(`${status} ${body.slice(0, 60)}`);
  }

  const every = (rate: number, visit: () => Promise<void>) => {
    const start = Date.now();
    let sent = 0;
    return setInterval(() => {
      for (const due = ((Date.now() - start) / 1_000) * rate; sent < due; sent += 1) {
        if (underWay.size >= mostAtOnce) seen.late += 1;
        else follow(visit());
      }
    }, 5);
  };
  const timers = [every(options.fresh, visitFresh), every(options.kept, visitKept)];
  return {
    seen,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(underWay);
      for (const agent of idle) agent.destroy();
      moves.stop();
      return seen;
    },
  };
}

/** When an address moved: a connection that asks for nothing is reset then, as all are, and at no other time. */
function witnessMoves(address: string): { readonly seen: readonly number[]; stop(): void } {
  const seen: number[] = [];
  let witness: Socket | undefined;
  let ended = false;
  const open = () => {
    witness = connect(80, address)
      .on("error", ({ code }: NodeJS.ErrnoException) => {
        if (code === "ECONNRESET") seen.push(performance.now());
      })
      .on("close", () => {
        if (!ended) setTimeout(open, 5);
      })
      .resume();
  };
  open();
  return {
    seen,
    stop() {
      ended = true;
      witness?.destroy();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function ask(host: string, agent: Agent): Promise<Answer> {
  const signal = AbortSignal.timeout(patienceMs);
  const call = request({ agent, host, path: "/", rejectUnauthorized: false, servername: "", signal });
  call.end();
  const [answer] = (await once(call, "response")) as [NodeJS.ReadableStream & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk));
  return { status: answer.statusCode, body: Buffer.concat(chunks).toString() };
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
