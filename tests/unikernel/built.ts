import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const root = resolve(import.meta.dirname, "../..");
const buildLimitMs = 300_000;

/** What the build scripts made. */
export interface Built {
  readonly directory: string;
  readonly server: string;
  readonly bootImage: string;
}

/**
 * Runs the build scripts, or finds what they made of these very sources before. Test files that run at the same
 * time wait for each other. Rejects with the scripts' output when they fail.
 */
export async function build(): Promise<Built> {
  const directory = join(root, "node_modules/.cache/mirage-pages", await sourcesDigest());
  await mkdir(directory, { recursive: true });
  const script =
    `test -f ${directory}/sbom.json || ` +
    `{ build/install.sh && build/unikernel.sh && build/boot-partition.sh; } >${directory}/log 2>&1 || ` +
    `{ tail -n 50 ${directory}/log >&2; exit 1; }`;
  await promisify(execFile)("flock", [join(directory, "lock"), "sh", "-c", script], {
    cwd: root,
    env: { ...process.env, BUILD_OUTPUT: directory },
    timeout: buildLimitMs,
  });
  return {
    directory,
    server: join(directory, "mirage-pages-linux"),
    bootImage: join(directory, "boot.img"),
  };
}

async function sourcesDigest(): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of ["build", "unikernel"]) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && !entry.parentPath.includes("/_build"))
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.toSorted()) hash.update(`${file}\0`).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}
