import type { Pebble } from "../../local/acme/pebble.ts";
import { startCloud } from "../../local/cloud.ts";
import type { Console } from "../console/server.ts";
import { aim } from "../target.ts";
import { certifySite } from "./certify.ts";
import { deploySite } from "./deploy.ts";
import { CannotStart } from "./errors.ts";
import { filesBelow } from "./files.ts";
import { indented, printHowToGoOn, withoutEffect } from "./report.ts";

export interface RunOptions {
  readonly data: string;
  readonly site: string;
  readonly packageDir: string;
  readonly port: number;
  readonly block: string;
  readonly once: boolean;
  readonly report?: string;
  readonly domain: string;
  /** Who certifies the domain. */
  readonly pebble?: Pebble;
}

/**
 * Starts the local cloud, uploads the site with the AWS CLI, follows the deployment, compares every path and
 * stays up (or ends, with `once`). Returns the exit code.
 */
export async function run(options: RunOptions): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => interrupted.abort(new CannotStart("interrupted.")));
  }
  if ((await filesBelow(options.site)).length === 0) {
    throw new CannotStart(`there is no file in ${options.site}; --site takes the folder of a built site.`);
  }
  const cloud = await startCloud({
    dataDir: options.data,
    packageDir: options.packageDir,
    port: options.port,
    addressBlock: options.block,
    machineKind: "qemu",
    onNotification: ({ subject, message }) =>
      console.log(`\n✉ ${subject ?? ""}\n${indented(message).trimEnd()}`),
  });
  let page: Console | undefined;
  try {
    Object.assign(process.env, cloud.environment);
    console.log(`Declared in the stack, without effect on this machine: ${withoutEffect(cloud.unhonoured)}`);
    const { signal } = interrupted;
    if (!options.once) {
      page = await startPage();
      console.log(`The console page shows what happens: ${page.url}`);
    }
    const live = await deploySite(cloud, options, signal);
    const { pebble, domain, data } = options;
    const certified =
      !live || pebble === undefined || (await certifySite(cloud, pebble, { domain, data, signal }));
    if (options.once) return live && certified ? 0 : 1;
    if (live) printHowToGoOn(cloud, options, page?.url);
    await new Promise<void>((resolve) => {
      if (interrupted.signal.aborted) resolve();
      interrupted.signal.addEventListener("abort", () => resolve());
    });
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    throw error;
  } finally {
    console.log("Stopping …");
    await page?.stop();
    await cloud.stop();
  }
}

/** Loaded only where it is shown: its bundler takes a moment to start. */
async function startPage(): Promise<Console> {
  const { openSite } = await import("../read/site.ts");
  const { startConsole } = await import("../console/server.ts");
  return startConsole(await openSite(aim({ stage: "prod" })));
}
