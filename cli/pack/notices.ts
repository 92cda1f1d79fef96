import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const LICENCE = /^(licen[cs]e|copying|notice)(\..*)?$/i;

/** The licences of the npm packages of which something was bundled, as they ask for: a text for all. */
export async function noticesOf(root: string, inputs: readonly string[]): Promise<string> {
  const folders = inputs.flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  const notices = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(
      await readFile(join(root, folder, "package.json"), "utf8"),
    ) as {
      name: string;
      version: string;
      license?: string;
    };
    const files = (await readdir(join(root, folder))).filter((file) => LICENCE.test(file)).sort();
    const texts = await Promise.all(files.map((file) => readFile(join(root, folder, file), "utf8")));
    return [`${name} ${version} (${license ?? "see its text"})`, ...texts.map((text) => text.trim())].join(
      "\n\n",
    );
  });
  const rule = `\n\n${"-".repeat(80)}\n\n`;
  return `${["mirage-pages holds parts of these packages.", ...(await Promise.all(notices))].join(rule)}\n`;
}
