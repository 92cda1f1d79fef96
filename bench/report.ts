import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The slowest run of a function of a local cloud, as its REPORT line tells it: time and memory. */
export async function longestRun(dataDir: string, name: string): Promise<string> {
  const group = join(dataDir, "logs", encodeURIComponent(`/aws/lambda/mirage-pages-prod-${name}`));
  const streams = await Promise.all(
    (await readdir(group)).map((file) => readFile(join(group, file), "utf8")),
  );
  const reports = [
    ...streams.join("").matchAll(/Duration: ([\d.]+) ms.*?Memory Size: (\d+) MB.*?Used: (\d+) MB/g),
  ];
  const [, ms, size, used] = reports.toSorted((a, b) => Number(b[1]) - Number(a[1]))[0] ?? [];
  return `${(Number(ms) / 1000).toFixed(1)} s, ${used} of ${size} MB`;
}
