import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../../tests/kit/package.ts";

const RUNS = 3;

/** Times `serverless package`, each time from nothing: template and function bundles. */
export async function packaging(folder: string): Promise<void> {
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const begun = performance.now();
    const args = ["package", "--package", join(folder, String(run))];
    const { status, stderr } = spawnSync(join(root, "node_modules/.bin/serverless"), args, {
      cwd: root,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`The stack cannot be packaged: ${stderr}`);
    seconds.push((performance.now() - begun) / 1000);
  }
  seconds.sort((a, b) => a - b);
  console.log(`Packaging: ${seconds.map((time) => time.toFixed(1)).join(", ")} s (aim 10 s)`);
}
