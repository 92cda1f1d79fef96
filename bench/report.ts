import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface FunctionRun {
  readonly seconds: number;
  readonly usedMb: number;
  readonly sizeMb: number;
}

/** What a local cloud's REPORT lines tell about every run of a function. */
export async function functionRuns(dataDir: string, name: string): Promise<FunctionRun[]> {
  const group = join(dataDir, "logs", encodeURIComponent(`/aws/lambda/mirage-pages-prod-${name}`));
  const streams = await Promise.all(
    (await readdir(group)).map((file) => readFile(join(group, file), "utf8")),
  );
  const reports = streams
    .join("")
    .matchAll(/Duration: ([\d.]+) ms.*?Memory Size: (\d+) MB.*?Used: (\d+) MB/g);
  return [...reports].map(([, ms, size, used]) => ({
    seconds: Number(ms) / 1000,
    usedMb: Number(used),
    sizeMb: Number(size),
  }));
}

/** The slowest run of a function of a local cloud: time and memory. */
export async function longestRun(dataDir: string, name: string): Promise<string> {
  const [longest] = (await functionRuns(dataDir, name)).toSorted((a, b) => b.seconds - a.seconds);
  return longest === undefined ? "did not run" : asText(longest);
}

/** A run's time and memory. */
export function asText({ seconds, usedMb, sizeMb }: FunctionRun): string {
  return `${seconds.toFixed(1)} s, ${usedMb} of ${sizeMb} MB`;
}
