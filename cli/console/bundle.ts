import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { root } from "../root.ts";

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

/** The page's sources in a checkout; in the package, dist/page/ with what was bundled of them. */
const folder = join(import.meta.dirname, "page");

/** The files of the page by their paths. A checkout bundles the scripts anew at each start, which takes moments. */
export async function pageAssets(): Promise<ReadonlyMap<string, Asset>> {
  const bundled = existsSync(join(folder, "page.tsx")) ? (await bundlePage()).files : undefined;
  const assets = Object.entries(TYPES).map(async ([name, type]): Promise<[string, Asset]> => {
    const body = bundled?.get(name) ?? (await readFile(join(folder, name), "utf8"));
    return [name === "index.html" ? "/" : `/${name}`, { type, body }];
  });
  return new Map(await Promise.all(assets));
}

/** The page's scripts and styles, each in one file, by name; `inputs`: what came into them, below the checkout. */
export async function bundlePage(): Promise<{ files: ReadonlyMap<string, string>; inputs: string[] }> {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["page.tsx", "page.css"].map((name) => join(folder, name)),
    outdir: folder,
    bundle: true,
    minify: true,
    metafile: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const files = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  return { files, inputs: Object.keys(metafile.inputs) };
}
