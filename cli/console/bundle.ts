import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const folder = join(import.meta.dirname, "page");

/** The files of the page by their paths; the scripts are bundled anew at each start, which takes moments. */
export async function bundlePage(): Promise<ReadonlyMap<string, Asset>> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: ["page.tsx", "page.css"],
    outdir: folder,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? "";
  return new Map([
    ["/", { type: "text/html; charset=utf-8", body: await readFile(join(folder, "index.html"), "utf8") }],
    ["/page.js", { type: "text/javascript; charset=utf-8", body: text("page.js") }],
    ["/page.css", { type: "text/css; charset=utf-8", body: text("page.css") }],
    ["/icon.svg", { type: "image/svg+xml", body: await readFile(join(folder, "icon.svg"), "utf8") }],
  ]);
}
