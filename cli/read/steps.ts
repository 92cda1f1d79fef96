import type { Visit } from "./executions.ts";

/** What the states of the three machines are to a person who watches; states that are not here are not shown. */
export const TITLES: Readonly<Record<string, string>> = {
  settle: "waiting until the upload has come to rest",
  plan: "planning",
  "plan-rollback": "choosing how to go back",
  "start-machine": "starting the kept machine",
  "start-build": "looking for the boot partition",
  "poll-build": "compiling the unikernel",
  "pack-site": "packing the site",
  "start-import": "writing the disk",
  "poll-import": "waiting for the snapshot",
  "register-image": "registering the image",
  "launch-instance": "launching the machine",
  probe: "booting and probing the machine",
  "discard-machine": "the machine does not answer: trying a fresh one",
  "move-address": "moving the address",
  "probe-address": "probing through the address",
  commit: "committing",
  undo: "taking everything back",
  "check-certificate": "looking whether a certificate is due",
  "order-certificate": "ordering it",
  "present-challenge": "putting the answers to the authority's challenges up",
  "poll-challenge": "looking at them as the authority will",
  "validate-challenge": "the authority looks",
  "finalize-order": "having it issued",
  "store-certificate": "keeping it",
  "self-sign-certificate": "signing one by ourselves",
  "deploy-certificate": "asking for a release that shows it",
  drain: "letting the replaced machine finish",
  retire: "removing what no kept release needs",
};

/** Something that a deployment does, as a person sees it; times in epoch milliseconds. */
export interface Step {
  /** The first state of it. */
  readonly state: string;
  readonly title: string;
  readonly from: number;
  /** Undefined while it is being done. */
  readonly to?: number;
  /** How far AWS says that it is, where it says so: 0 to 100. */
  readonly percent?: number;
}

/**
 * The visits of an execution as steps: visits of the same state in a row are one, and the waits and choices between
 * them belong to it. Pure.
 */
export function stepsOf(visits: readonly Visit[]): Step[] {
  const steps: Step[] = [];
  for (const { state, from, to, output } of visits) {
    const title = TITLES[state];
    const last = steps.at(-1);
    const goesOn = title === undefined || title === last?.title;
    if (last === undefined && title === undefined) continue;
    const step = goesOn && last !== undefined ? last : { state, title: title ?? "", from };
    const percent = percentOf(state, output) ?? step.percent;
    const { to: _, ...begun } = step;
    const grown = { ...begun, ...(to !== undefined && { to }), ...(percent !== undefined && { percent }) };
    steps.splice(step === last ? -1 : steps.length, step === last ? 1 : 0, grown);
  }
  return steps;
}

/** EC2 tells how far a snapshot or an import task is as "45%" or "45", or not at all. */
function percentOf(state: string, output: string | undefined): number | undefined {
  if (state !== "poll-import" || output === undefined) return undefined;
  const { imported } = JSON.parse(output) as { imported?: { progress?: string } };
  const percent = Number.parseInt(imported?.progress ?? "", 10);
  return Number.isInteger(percent) ? Math.min(Math.max(percent, 0), 100) : undefined;
}
