import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { CannotStart } from "./errors.ts";

/** The files below a folder as object keys, in no particular order. Throws CannotStart when it is none. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new CannotStart(`there is no folder ${folder}; --site takes the folder of a built site.`);
  });
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if ((await stat(path)).isFile()) files.push(relative(folder, path).split(sep).join("/"));
  }
  return files;
}

/** How many files and bytes a site has. */
export async function siteSize(folder: string): Promise<{ files: number; bytes: number }> {
  const files = await filesBelow(folder);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
