import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import settings from "../../package.json" with { type: "json" };
import { root } from "./package.ts";

/** Finds the Node.js that runs this first: the one for the package may be younger than that of a checkout. */
export const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;

/** Packs this checkout as npm does and installs the package, without a network, into a folder; returns its program. */
export async function installInto(folder: string): Promise<string> {
  const npm = (args: string[], cwd: string) => promisify(execFile)("npm", args, { cwd });
  await writeFile(join(folder, "package.json"), "{}");
  await npm(["pack", "--pack-destination", folder], root);
  const tarball = join(folder, `mirage-pages-${settings.version}.tgz`);
  await npm(["install", "--offline", "--no-audit", "--no-fund", tarball], folder);
  return join(folder, "node_modules/.bin/mirage-pages");
}
