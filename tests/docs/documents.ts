import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { root } from "../kit/package.ts";

/** A document for people. */
export interface Document {
  /** From the root. */
  readonly path: string;
  readonly text: string;
}

/** All documents of the repository; the example site's pages are none. */
export async function documents(): Promise<Document[]> {
  const paths = await Promise.all(
    [".", "docs", "unikernel"].map(async (folder) =>
      (await readdir(join(root, folder)))
        .filter((name) => name.endsWith(".md"))
        .map((name) => join(folder, name)),
    ),
  );
  return Promise.all(
    paths.flat().map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })),
  );
}

/** Where the links of a document lead that lead to files here: paths from the root. */
export function linksOf({ path, text }: Document): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:|^#/.test(target))
    .map((target) => relative(root, join(root, dirname(path), target.replace(/#.*/, ""))));
}

/** What a document names in code: in backticks, and lines of blocks of commands. */
export function codeOf({ text }: Document): string[] {
  const blocks = [...text.matchAll(/^ *```sh\n(.*?)^ *```/gms)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const prose = text.replaceAll(/^ *```.*?^ *```/gms, "");
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  return [...blocks, ...inline];
}
