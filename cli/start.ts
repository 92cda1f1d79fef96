import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { CannotStart, causeLine } from "./start/errors.ts";
import { installDebianPackages, needRoom, openLowPorts, requireMirage } from "./start/machine.ts";
import { packageStack } from "./start/packaging.ts";
import { run } from "./start/run.ts";
import { buildExampleSite } from "./start/site.ts";

/** `npm start`: the whole of mirage-pages on this machine, from nothing to a site that is served. */
const root = resolve(import.meta.dirname, "..");

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError("It is no TCP port.");
  return value;
}

const options = new Command("npm start --")
  .description("Runs mirage-pages on this machine: builds, boots and serves a site as AWS would.")
  .option("--site <dir>", "serve this built site instead of the example")
  .option("--once", "end when the site is live and every path of it was compared", false)
  .option("--report <file>", "write what happened, as JSON")
  .option("--data <dir>", "where everything lives", resolve(root, ".mirage-pages"))
  .option("--port <number>", "port of the local AWS endpoint on 127.0.0.1", port, 4566)
  .option("--block <a.b.c>", "loopback addresses used as public ones", "127.80.0")
  .addOption(
    new Option("--backend <name>", "what serves: the Linux server or the MirageOS unikernel")
      .choices(["linux", "mirage"])
      .default("linux"),
  )
  .addHelpText("after", "\nExample:\n  npm start -- --site _site --once --report report.json")
  .parse()
  .opts<{
    site?: string;
    once: boolean;
    report?: string;
    data: string;
    port: number;
    block: string;
    backend: "linux" | "mirage";
  }>();

try {
  const data = resolve(options.data);
  await mkdir(data, { recursive: true });
  needRoom(data);
  installDebianPackages(root, "local/packages.txt");
  openLowPorts();
  if (options.backend === "mirage") requireMirage(root);
  const site = options.site === undefined ? await buildExampleSite(root, data) : resolve(options.site);
  const packageDir = await packageStack(
    root,
    options.backend === "linux" ? {} : { backend: options.backend },
  );
  process.exitCode = await run({ ...options, data, site, packageDir });
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const expected = error instanceof CannotStart || (/^[A-Z]/.test(error.name) && error.name !== "Error");
  console.error(`\nmirage-pages cannot start: ${causeLine(error)}`);
  if (!expected || process.env.DEBUG) console.error(error.stack);
  process.exitCode = 1;
}
