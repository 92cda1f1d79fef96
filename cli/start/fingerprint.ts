import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

const LEFT_OUT = new Set(["_build", ".cache", "build-output", ".jekyll-cache", "_site"]);

/** SHA-256 over the names and bytes of files and folders: changes when any of them does. */
export async function fingerprint(root: string, paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  const add = async (path: string): Promise<void> => {
    const info = await stat(join(root, path));
    if (!info.isDirectory()) {
      hash.update(`${path}\0${info.size}\0`).update(await readFile(join(root, path)));
      return;
    }
    for (const name of (await readdir(join(root, path))).sort())
      if (!LEFT_OUT.has(name)) await add(join(path, name));
  };
  for (const path of paths) await add(path);
  return hash.digest("hex");
}

/** Runs `make` unless the stamp file says that it ran for the same inputs. */
export async function once(stamp: string, inputs: string, make: () => Promise<void> | void): Promise<void> {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) return;
  await make();
  writeFileSync(stamp, inputs);
}
