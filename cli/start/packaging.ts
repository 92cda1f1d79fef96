import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DataInUse, lockData } from "../../local/lock.ts";
import { CannotStart } from "./errors.ts";
import { fingerprint, once } from "./fingerprint.ts";

const CACHE = "node_modules/.cache/mirage-pages";

/** Everything that `serverless package` reads. */
const INPUTS = [
  "serverless.yml",
  "stack",
  "statemachine",
  "functions",
  "lib",
  "buildspec.yml",
  "build",
  "unikernel",
  "package-lock.json",
];

/**
 * Packages the stack (template and function bundles) as for AWS, if anything of it has changed, and returns
 * where it is; runs on other data share it. `parameters` are those of `--param`. Throws CannotStart.
 */
export async function packageStack(
  root: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<string> {
  const params = Object.entries(parameters).map(([name, value]) => `--param=${name}=${value}`);
  const variant = createHash("sha256").update(params.join("\n")).digest("hex").slice(0, 8);
  const folder = join(root, CACHE, `package-${variant}`);
  const target = join(folder, "package");
  const inputs = `${await fingerprint(root, INPUTS)} ${params.join(" ")}`;
  const done = await aloneIn(root);
  try {
    await once(join(folder, "stamp"), inputs, () => {
      console.log("Packaging the stack (serverless package) …");
      serverlessPackage(root, target, params);
    });
  } finally {
    done();
  }
  return target;
}

/**
 * Waits until nobody else packages this repository, for five minutes at most. serverless-esbuild bundles in
 * a folder of the repository and removes it at its end: of two at once, one packs empty zips.
 */
async function aloneIn(root: string): Promise<() => void> {
  for (const start = Date.now(); ; await pause(200)) {
    try {
      return lockData(join(root, CACHE, "packaging"));
    } catch (error) {
      if (!(error instanceof DataInUse) || Date.now() - start > 300_000) throw error;
    }
  }
}

/**
 * Runs `serverless package` in a repository, from nothing. It has a temporary folder of its own, which goes with
 * it: serverless-esbuild leaves one in there for every function. Throws CannotStart.
 */
export function serverlessPackage(root: string, target: string, params: readonly string[] = []): void {
  mkdirSync(target, { recursive: true });
  const programs = join(root, "node_modules/.bin");
  const temporary = mkdtempSync(join(tmpdir(), "mp-packaging-"));
  try {
    const env = { ...process.env, PATH: `${programs}:${process.env.PATH}`, TMPDIR: temporary };
    const args = ["package", "--package", target, ...params];
    const { status, stdout, stderr } = spawnSync(join(programs, "serverless"), args, {
      ...{ cwd: root, encoding: "utf8", env },
    });
    if (status !== 0) throw new CannotStart(`the stack cannot be packaged:\n${stdout}${stderr}`);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
