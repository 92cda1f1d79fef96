import type { Records } from "../read/site.ts";
import type { Picture } from "./picture.ts";
import type { RunReader } from "./runs.ts";
import type { Run, Timing } from "./view.ts";

/** So many releases are compared. */
const COUNT = 12;

/** How long the parts of the last deployments took that made something live, the newest first. */
export async function timingsOf({ releases }: Records, picture: Picture, runs: RunReader): Promise<Timing[]> {
  const lively = releases.filter(({ status }) => status === "live" || status === "restored").slice(0, COUNT);
  const all = await Promise.all(
    lively.map(async ({ execution, number }) => {
      const run = await runs.read(execution, number);
      return run === undefined ? [] : [timingOf(number, run, picture)];
    }),
  );
  return all.flat();
}

/** How long each part of the picture was worked on, in seconds. Pure. */
export function timingOf(
  release: number,
  { visits }: Pick<Run, "visits">,
  { parts }: Picture,
  commit = "commit",
): Timing {
  const partOf = new Map(parts.flatMap(({ name, states }) => states.map((state) => [state, name])));
  const spent: Record<string, number> = {};
  for (const { state, from, to = from } of visits) {
    const part = partOf.get(state);
    if (part !== undefined) spent[part] = (spent[part] ?? 0) + (to - from) / 1000;
  }
  const tasks = new Set(parts.filter(({ task }) => task).map(({ name }) => name));
  const entries = Object.entries(spent).filter(([name]) => tasks.has(name));
  const begun = visits[0]?.from ?? 0;
  const committed = visits.findLast(({ state }) => state === commit)?.to ?? visits.at(-1)?.to ?? begun;
  return {
    release,
    total: rounded((committed - begun) / 1000),
    parts: Object.fromEntries(entries.map(([name, seconds]) => [name, rounded(seconds)])),
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
