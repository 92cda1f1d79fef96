const { mkdir, writeFile } = require("node:fs/promises");
const { basename, join, relative } = require("node:path");
const esbuild = require("esbuild");

// esbuild links every bundle anew and ends with the packaging: a collector that runs less takes an eighth of its
// time away, for 100 MB of 1.8 GB. https://pkg.go.dev/runtime#hdr-Environment_Variables
process.env.GOGC ??= "400";

/** How a function is bundled: one file, only what it uses, names of errors as they are written. */
const OPTIONS = {
  bundle: true,
  minify: true,
  keepNames: true,
  target: "node24",
  platform: "node",
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  mainFields: ["module", "main"],
};

/**
 * Settings of serverless-esbuild. It builds one function after the other and parses what they share each time
 * anew; here one build makes all of them, to the same bytes in a third of the time, and each build that
 * serverless-esbuild asks for only takes its own file out of that one.
 */
module.exports = (serverless) => {
  const root = serverless.serviceDir;
  let bundles;
  const fromOneBuild = {
    name: "from-one-build",
    setup(build) {
      const { entryPoints, outdir } = build.initialOptions;
      build.onLoad({ filter: /\.ts$/ }, () => ({ contents: "", loader: "js" }));
      build.onEnd(async () => {
        bundles ??= bundleAll(root, Object.values(serverless.service.functions).map(fileOf));
        const bundle = (await bundles).get(bundleOf(entryPoints[0]));
        await mkdir(outdir, { recursive: true });
        await writeFile(join(outdir, basename(bundleOf(entryPoints[0]))), bundle);
      });
    },
  };
  return { outputFileExtension: ".cjs", exclude: [], skipRebuild: true, plugins: [fromOneBuild] };
};

const fileOf = ({ handler }) => handler.replace(/\.\w+$/, ".ts");
const bundleOf = (file) => file.replace(/\.ts$/, ".cjs");

/** Bundles files in one go; rejects with esbuild's errors. Returns the bundles' bytes by path below root. */
async function bundleAll(root, entryPoints) {
  const outdir = join(root, "bundles");
  const build = { ...OPTIONS, absWorkingDir: root, entryPoints, outbase: root, outdir, write: false };
  const { outputFiles } = await esbuild.build(build);
  return new Map(outputFiles.map(({ path, contents }) => [relative(outdir, path), contents]));
}
