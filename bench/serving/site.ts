import { execFile } from "node:child_process";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { promisify } from "node:util";
import { buildExampleSite } from "../../cli/start/site.ts";
import { selfSignedCertificate } from "../../lib/identity/certificate.ts";
import { build } from "../../tests/unikernel/built.ts";
import { packFixture } from "../../tests/unikernel/fixtures.ts";
import { startServer } from "../../tests/unikernel/server.ts";
import { startNginx } from "./nginx.ts";

/** A site served by our Linux backend and by nginx, on ports of loopback. */
export interface Served {
  /** Keys of the site's files. */
  readonly keys: readonly string[];
  readonly ours: number;
  /** Our HTTP port. */
  readonly http: number;
  readonly nginx: number;
  /** Ids of the processes that serve. */
  readonly processes: { readonly ours: number; readonly nginx: number };
  stop(): Promise<void>;
}

/** Serves the example site; `options` are our server's. */
export async function serveExample(folder: string, options: readonly string[] = []): Promise<Served> {
  await mkdir(folder, { recursive: true });
  const root = resolve(import.meta.dirname, "../..");
  return serve(await buildExampleSite(root, folder), folder, options);
}

/** Starts both servers with the files of a folder; `options` are our server's. */
export async function serve(site: string, folder: string, options: readonly string[] = []): Promise<Served> {
  const entries = await readdir(site, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const keys = paths.map((path) => path.slice(site.length + 1).replaceAll(sep, "/")).sort();
  const bodies = await Promise.all(keys.map(async (key) => [key, await readFile(join(site, key))] as const));
  const fixture = await packFixture({
    directory: folder,
    files: Object.fromEntries(bodies),
    hsts: "max-age=63072000",
  });
  const server = await startServer((await build()).server, fixture, options);
  const rival = join(folder, "nginx");
  await mkdir(rival);
  const names = ["localhost", "127.0.0.1"];
  const certificate = await selfSignedCertificate({
    names,
    notBefore: new Date(Date.now() - 60_000),
    days: 1,
  });
  const nginx = await startNginx(site, rival, certificate);
  return {
    keys,
    ours: server.https,
    http: server.http,
    nginx: nginx.https,
    processes: { ours: server.process.pid ?? Number.NaN, nginx: await onlyChild(nginx.master) },
    async stop() {
      await server.stop();
      await nginx.stop();
    },
  };
}

async function onlyChild(parent: number): Promise<number> {
  const { stdout } = await promisify(execFile)("pgrep", ["-P", String(parent)]);
  return Number(stdout);
}
