import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { packageStack } from "../../cli/start/packaging.ts";
import { unpack } from "../../local/lambda/package.ts";
import { root } from "../../tests/kit/package.ts";
import { median } from "../table.ts";

const RUNS = 7;
const IMPORT =
  "const begun = performance.now(); await import(process.argv[1]); console.log(performance.now() - begun);";

/** Each function's zip, and the import of its bundle in a fresh process: the median of seven. */
export async function functions(folder: string): Promise<void> {
  const packaged = await packageStack(root);
  console.log("| function | zip, KiB (aim 1024) | import, ms (aim 400) |\n| --- | --- | --- |");
  for (const file of (await readdir(packaged)).filter((name) => name.endsWith(".zip"))) {
    const name = basename(file, ".zip");
    const { size } = await stat(join(packaged, file));
    const { directory } = await unpack(join(packaged, file), folder);
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1)
      times.push(await importTime(join(directory, `functions/${name}.cjs`)));
    console.log(`| ${name} | ${(size / 1024).toFixed(0)} | ${median(times).toFixed(0)} |`);
  }
}

async function importTime(bundle: string): Promise<number> {
  const args = ["--input-type=module", "-e", IMPORT, bundle];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}
