import { setTimeout as pause } from "node:timers/promises";
import { executionsSince, type Outcome, outcomeOf, visitsOf } from "../history.ts";

/** What each step of a deployment is to a person who watches; states that are not here are not shown. */
export const TITLES: Readonly<Record<string, string>> = {
  settle: "waiting until the upload has come to rest",
  plan: "planning",
  "plan-rollback": "choosing how to go back",
  "start-machine": "starting the kept machine",
  "start-build": "looking for the boot partition",
  "poll-build": "compiling the unikernel",
  "pack-site": "packing the site",
  "start-import": "writing the disk",
  "register-image": "registering the image",
  "launch-instance": "launching the machine",
  probe: "booting and probing the machine",
  "discard-machine": "the machine does not answer: trying a fresh one",
  "move-address": "moving the address",
  "probe-address": "probing through the address",
  commit: "committing",
  undo: "taking everything back",
};

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
  const shown = new Map<string, string>();
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
  shown: Map<string, string>,
  print: (line: string) => void,
): Promise<void> {
  const visits = await visitsOf(executionArn);
  const steps = visits.filter(({ state }, i) => TITLES[state] && visits[i - 1]?.state !== state);
  const last = shown.get(executionArn);
  let known = last === undefined ? -1 : steps.findLastIndex(({ state, from }) => `${state}@${from}` === last);
  if (last !== undefined && known < 0) known = steps.length;
  let title = known >= 0 ? TITLES[steps[known]?.state ?? ""] : undefined;
  for (const { state, from } of steps.slice(known + 1)) {
    if (TITLES[state] !== title)
      print(`${((from - start) / 1000).toFixed(1).padStart(6)} s  ${TITLES[state]}`);
    title = TITLES[state];
    shown.set(executionArn, `${state}@${from}`);
  }
}
