import { join } from "node:path";
import { serverlessPackage } from "../../cli/start/packaging.ts";
import { root } from "../../tests/kit/package.ts";

const RUNS = 3;

/** Times `serverless package`, each time from nothing: template and function bundles. */
export async function packaging(folder: string): Promise<void> {
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const begun = performance.now();
    serverlessPackage(root, join(folder, String(run)));
    seconds.push((performance.now() - begun) / 1000);
  }
  seconds.sort((a, b) => a - b);
  console.log(`Packaging: ${seconds.map((time) => time.toFixed(1)).join(", ")} s (aim 10 s)`);
}
