import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { Pebble } from "../local/acme/pebble.ts";
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
  .option("--domain <name>", "the site's name; without --acme its certificate is self-signed", "")
  .addOption(new Option("--acme <server>", "let a local ACME server certify the name").choices(["pebble"]))
  .option("--report <file>", "write what happened, as JSON")
  .option("--data <dir>", "where everything lives", resolve(root, ".mirage-pages"))
  .option("--port <number>", "port of the local AWS endpoint on 127.0.0.1", port, 4566)
  .option("--block <a.b.c>", "loopback addresses used as public ones", "127.80.0")
  .addOption(
    new Option("--backend <name>", "what serves: the Linux server or the MirageOS unikernel")
      .choices(["linux", "mirage"])
      .default("linux"),
  )
  .addHelpText(
    "after",
    "\nExample:\n  npm start -- --site _site --once --report report.json\n  npm start -- --domain site.test --acme pebble",
  )
  .parse()
  .opts<{
    site?: string;
    once: boolean;
    domain: string;
    acme?: "pebble";
    report?: string;
    data: string;
    port: number;
    block: string;
    backend: "linux" | "mirage";
  }>();

/** The parameters of the stack by which it knows its name, and who certifies it. */
function authority(domain: string, pebble: Pebble | undefined): Record<string, string> {
  if (domain === "") return {};
  if (pebble === undefined) return { domain, acme: "none" };
  const acmeRoot = Buffer.from(pebble.trust).toString("base64");
  return { domain, acme: pebble.directoryUrl, acmeRoot, resolver: pebble.resolver };
}

try {
  const data = resolve(options.data);
  await mkdir(data, { recursive: true });
  needRoom(data);
  installDebianPackages(root, "local/packages.txt");
  openLowPorts();
  if (options.backend === "mirage") requireMirage(root);
  const site = options.site === undefined ? await buildExampleSite(root, data) : resolve(options.site);
  if (options.acme !== undefined && options.domain === "") {
    throw new CannotStart("--acme needs the name that is to be certified: --domain site.test, for instance.");
  }
  if (options.acme !== undefined) installDebianPackages(root, "local/acme/packages.txt");
  const { acme, block, ...others } = options;
  const directory = join(data, "pebble");
  // The block's own addresses are below; its 250th is tried out.
  const pebble = acme && (await Pebble.start({ directory, address: `${block}.251` }));
  try {
    const packageDir = await packageStack(root, {
      ...(options.backend !== "linux" && { backend: options.backend }),
      ...authority(options.domain, pebble),
    });
    process.exitCode = await run({ ...others, block, data, site, packageDir, ...(pebble && { pebble }) });
  } finally {
    await pebble?.stop();
  }
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const expected = error instanceof CannotStart || (/^[A-Z]/.test(error.name) && error.name !== "Error");
  console.error(`\nmirage-pages cannot start: ${causeLine(error)}`);
  if (!expected || process.env.DEBUG) console.error(error.stack);
  process.exitCode = 1;
}
