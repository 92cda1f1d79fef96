import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundlePage } from "../console/bundle.ts";

/** Writes the console page into a folder, and returns the paths, below the checkout, of what came into its scripts. */
export async function writePage(root: string, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  for (const name of ["index.html", "icon.svg"])
    await cp(join(root, "cli/console/page", name), join(folder, name));
  const { files, inputs } = await bundlePage();
  for (const [name, text] of files) await writeFile(join(folder, name), text);
  return inputs;
}
