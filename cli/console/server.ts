import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { CommandFailed } from "../failure.ts";
import type { Site } from "../read/site.ts";
import { redeploy, rollBack } from "./actions.ts";
import { type Asset, pageAssets } from "./bundle.ts";
import { Guard } from "./guard.ts";
import type { Done } from "./view.ts";
import { Watch } from "./watch.ts";

/** The console page while it is served. */
export interface Console {
  /** With the token: who has it may look and change. */
  readonly url: string;
  readonly token: string;
  stop(): Promise<void>;
}

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
/** A connection on which nothing is said may be cut by something in between, were it a tunnel. */
const SIGN_OF_LIFE_MS = 15_000;
const LARGEST_BODY = 1_000;

/** Serves the console page of a site on loopback until it is stopped; port 0 takes any free one. Throws CommandFailed. */
export async function startConsole(site: Site, port = 0): Promise<Console> {
  const assets = await pageAssets();
  const server = createServer();
  const taken = await listening(server, port);
  const guard = new Guard(taken);
  const watch = new Watch(site);
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    serve(request, response, { assets, guard, site, watch }).catch((error: unknown) => {
      if (!response.headersSent) answer(response, 500, { message: String(error) });
      else response.destroy();
    });
  });
  watch.look();
  return {
    url: `http://127.0.0.1:${taken}/?token=${guard.token}`,
    token: guard.token,
    stop: async () => {
      watch.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listening(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = `Port ${port} on 127.0.0.1 is in use by another program; choose another one with --port.`;
      reject(error.code === "EADDRINUSE" ? new CommandFailed(taken) : error);
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

interface Parts {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly guard: Guard;
  readonly site: Site;
  readonly watch: Watch;
}

async function serve(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const { assets, guard, site, watch } = parts;
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const verdict = guard.judge(request);
  if (verdict.kind === "refused") return answer(response, verdict.status, { message: verdict.reason });
  if (verdict.kind === "welcome") {
    response.writeHead(303, { location: "/", "set-cookie": verdict.cookie }).end();
    return;
  }
  const path = (request.url ?? "/").replace(/\?.*$/s, "");
  if (request.method === "GET") {
    const asset = assets.get(path);
    if (asset !== undefined) {
      response.writeHead(200, { "content-type": asset.type }).end(asset.body);
      return;
    }
    if (path === "/events") return follow(request, response, watch);
    const release = /^\/runs\/([1-9]\d{0,8})$/.exec(path)?.[1];
    const run = release === undefined ? undefined : await watch.runOf(Number(release));
    return run === undefined
      ? answer(response, 404, { message: "There is nothing here." })
      : answer(response, 200, run);
  }
  const action =
    request.method === "POST" ? { "/rollback": rollBack, "/redeploy": redeploy }[path] : undefined;
  if (action === undefined) return answer(response, 404, { message: "There is nothing here." });
  const done = await asked(request, (body) => action(site, body));
  watch.look();
  answer(response, done.ok ? 202 : 409, done);
}

/** Does what a request's JSON body asks for; what cannot be done is told. */
async function asked(request: IncomingMessage, act: (body: unknown) => Promise<string>): Promise<Done> {
  try {
    const length = Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY);
    if (!(length <= LARGEST_BODY)) throw new CommandFailed("The request is too long.");
    return { ok: true, message: await act(JSON.parse(await text(request))) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Sends all that is known, then what changes, as server-sent events: one event type for each section. */
function follow(request: IncomingMessage, response: ServerResponse, watch: Watch): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const leave = watch.join((section, json) => response.write(`event: ${section}\ndata: ${json}\n\n`));
  const alive = setInterval(() => response.write(": alive\n\n"), SIGN_OF_LIFE_MS);
  request.on("close", () => {
    clearInterval(alive);
    leave();
  });
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
