import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { deployment } from "./aws/deployment.ts";
import { direct } from "./aws/direct.ts";
import { functions } from "./aws/functions.ts";
import { packaging } from "./aws/packaging.ts";

/**
 * `npm run bench:aws`: the figures that tell what the stack would be on AWS, from what the local cloud
 * records. Arguments name single parts; all without any. Run it on a quiet machine.
 */
const parts: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  packaging,
  functions,
  deployment,
  direct,
};

const named = process.argv.slice(2);
const unknown = named.find((name) => parts[name] === undefined);
if (unknown !== undefined) {
  console.error(`bench:aws: "${unknown}" is none of ${Object.keys(parts).join(", ")}.`);
  process.exit(2);
}
for (const [name, part] of Object.entries(parts)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const folder = await mkdtemp(join(tmpdir(), "mp-bench-"));
  try {
    console.log(`\n## ${name} (load ${loadavg()[0]?.toFixed(1)})`);
    await part(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
