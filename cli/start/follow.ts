import { setTimeout as pause } from "node:timers/promises";
import { executionsSince, type Outcome, outcomeOf, visitsOf } from "../read/executions.ts";
import { stepsOf } from "../read/steps.ts";

export interface Followed {
  readonly executionArn: string;
  readonly outcome: Outcome;
}

/**
 * Watches the deployments that began after `since` and prints each step when it begins, until `reached`
 * says that what was waited for is there, or until one has failed. Throws when `limitMs` has passed.
 */
export async function follow(
  stateMachineArn: string,
  since: number,
  limitMs: number,
  reached: () => Promise<boolean>,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<Followed | undefined> {
  const shown = new Map<string, number | "over">();
  for (const start = Date.now(); Date.now() - start < limitMs; await pause(200, undefined, { signal })) {
    for (const executionArn of await executionsSince(stateMachineArn, since)) {
      if (shown.get(executionArn) === "over") continue;
      await show(executionArn, start, shown, print);
      const outcome = await outcomeOf(executionArn);
      if (outcome.status === "RUNNING") continue;
      await show(executionArn, start, shown, print);
      shown.set(executionArn, "over");
      if (outcome.status !== "SUCCEEDED") return { executionArn, outcome };
      if (outcome.output?.includes('"outcome":"live"') && (await reached())) return { executionArn, outcome };
    }
    if (shown.size === 0 && (await reached())) return undefined;
  }
  throw new Error(`The deployment did not come to an end within ${limitMs / 1000} s.`);
}

async function show(
  executionArn: string,
  start: number,
  shown: Map<string, number | "over">,
  print: (line: string) => void,
): Promise<void> {
  const steps = stepsOf(await visitsOf(executionArn));
  const told = shown.get(executionArn);
  for (const { title, from } of steps.slice(typeof told === "number" ? told : 0)) {
    print(`${((from - start) / 1000).toFixed(1).padStart(6)} s  ${title}`);
  }
  shown.set(executionArn, steps.length);
}
