import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = path.join(import.meta.dirname, "../../..");

/** The boot partition as the build makes it: the last build's, else one made now (seconds to a minute). */
export async function bootImage(): Promise<Buffer> {
  const built = await readFile(path.join(root, "build-output/boot.img")).catch(() => undefined);
  if (built) return built;
  const directory = await mkdtemp(path.join(tmpdir(), "mirage-pages-boot-"));
  try {
    const env = { ...process.env, BUILD_OUTPUT: directory };
    for (const script of ["build/unikernel.sh", "build/boot-partition.sh"]) {
      await run("sh", [path.join(root, script)], { env, cwd: root, maxBuffer: 64 * 1024 * 1024 });
    }
    return await readFile(path.join(directory, "boot.img"));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
