import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { PackedFixture } from "./fixtures.ts";

const startLimitMs = 10_000;

/** A running `mirage-pages-linux` on loopback. */
export interface RunningServer {
  readonly http: number;
  readonly https: number;
  readonly process: ChildProcess;
  /** Everything that it printed so far. */
  output(): string;
  /** Its largest resident memory so far, in bytes. */
  peakMemory(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts the server and waits for its line. Rejects with its output when it ends or stays silent. */
export async function startServer(
  server: string,
  fixture: Pick<PackedFixture, "identityPath" | "archivePath">,
  options: readonly string[] = [],
): Promise<RunningServer> {
  const [http, https] = [await freePort(), await freePort()];
  const child = spawn(server, [
    ...["--identity", fixture.identityPath, "--site", fixture.archivePath],
    ...["--address", "127.0.0.1", "--http", String(http), "--https", String(https)],
    ...options,
  ]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const ended = once(child, "exit");
  const limit = Date.now() + startLimitMs;
  while (!printed.includes("listening")) {
    if (child.exitCode !== null || Date.now() > limit) {
      child.kill("SIGKILL");
      throw new Error(`The server did not start: ${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    http,
    https,
    process: child,
    output: () => printed,
    async peakMemory() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    },
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 8_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** A port that was free a moment ago. Rejects when there is none. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM to trust: the request goes by HTTPS. Without it, it goes by HTTP. */
  readonly trust?: string;
  /** Milliseconds without a byte; 10,000 by default. */
  readonly patience?: number;
}

/** One request on a connection of its own. */
export async function ask(port: number, path: string, options: Ask = {}): Promise<Answer> {
  const { method = "GET", headers = {}, trust, patience: timeout = 10_000 } = options;
  const common = { host: "127.0.0.1", port, path, method, headers, agent: false, timeout } as const;
  const call =
    trust === undefined
      ? httpRequest(common)
      : httpsRequest({ ...common, ca: trust, servername: "localhost" });
  call.on("timeout", () => call.destroy(new Error(`${method} ${path} timed out`)));
  call.end();
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  const body = Buffer.concat(await answer.toArray());
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
}

/** A TLS connection (from this loopback address) to write bytes on as they stand. */
export async function openTls(port: number, trust: string, localAddress = "127.0.0.1"): Promise<TLSSocket> {
  const carrier = connectTcp({ host: "127.0.0.1", port, localAddress });
  const socket = connect({ socket: carrier, ca: trust, servername: "localhost" });
  await once(socket, "secureConnect");
  return socket;
}

/** Everything that comes until the other side ends the connection. */
export async function readToEnd(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}
