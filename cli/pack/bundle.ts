import { build } from "esbuild";

/** What CommonJS packages ask for, which a module does not have. */
const REQUIRE =
  'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);';

/**
 * Bundles the command line of a checkout into a folder, one file for each command and for what they share, and
 * returns the paths, below the checkout, of all files that came into it.
 */
export async function bundleProgram(root: string, outdir: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["cli/mirage-pages.ts"],
    outdir,
    bundle: true,
    splitting: true,
    minify: true,
    keepNames: true,
    legalComments: "none",
    metafile: true,
    format: "esm",
    platform: "node",
    target: "node22",
    mainFields: ["module", "main"],
    // Only a checkout bundles the console page.
    external: ["esbuild"],
    banner: { js: REQUIRE },
  });
  return Object.keys(metafile.inputs);
}
