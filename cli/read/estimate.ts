import { executionsOf, visitsOf } from "./executions.ts";
import type { Site } from "./site.ts";
import { type Step, stepsOf } from "./steps.ts";

/** How long a deployment will take, by what the last ones took; all in seconds. */
export interface Estimate {
  readonly total: number;
  /** By the steps' titles. Of each the median over the deployments that had it. */
  readonly steps: ReadonlyMap<string, number>;
}

const LOOKED_AT = 30;
const COUNTED = 5;

/**
 * Estimates a deployment by the last five that went live and began with a state, `settle` for content; undefined
 * when there was none yet.
 */
export async function estimateOf(
  { machines }: Pick<Site, "machines">,
  firstState: string,
): Promise<Estimate | undefined> {
  const executions = await executionsOf(machines.deploy, { count: LOOKED_AT });
  const past: Step[][] = [];
  for (const { arn } of executions.filter(({ status }) => status === "SUCCEEDED")) {
    const steps = stepsOf(await visitsOf(arn));
    if (steps[0]?.state === firstState && steps.some(({ state }) => state === "commit")) past.push(steps);
    if (past.length === COUNTED) break;
  }
  return past.length === 0 ? undefined : estimateFrom(past);
}

/** The medians of what deployments took. Pure. */
export function estimateFrom(past: readonly (readonly Step[])[]): Estimate {
  const took = new Map<string, number[]>();
  for (const { title, from, to = from } of past.flat())
    took.set(title, [...(took.get(title) ?? []), (to - from) / 1000]);
  const totals = past.map((steps) => ((steps.at(-1)?.to ?? 0) - (steps[0]?.from ?? 0)) / 1000);
  return { total: median(totals), steps: new Map([...took].map(([title, each]) => [title, median(each)])) };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
