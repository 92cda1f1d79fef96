import { setTimeout as pause } from "node:timers/promises";
import type { Output } from "../../lib/contracts.ts";
import { messageOf } from "../../lib/failure.ts";
import { CommandFailed } from "../failure.ts";
import { executionsOf, type Outcome, outcomeOf, type Visit, visitsOf } from "../read/executions.ts";
import { type Step, stepsOf } from "../read/steps.ts";
import { seeThrough } from "./outage.ts";

/** Who is told how a deployment goes on. */
export interface Audience {
  /** Nothing works on it yet, for a reason. Told once. */
  waits(why: string): void;
  /** What an execution has done so far; told after every look at it. */
  sees(execution: string, steps: readonly Step[]): void;
  /** AWS does not answer, for a reason, and is asked again; undefined: it answers once more. */
  misses(why: string | undefined): void;
}

/** What came of a deployment. */
export interface Result {
  readonly outcome: "live" | "nothing" | "failed";
  /** The release that is live by it. */
  readonly release: number | undefined;
  readonly message: string;
  /** Undefined when nothing had to work on it. */
  readonly execution?: string;
}

/** An execution that has ended, with all that is known of it. */
interface Ended extends Outcome {
  readonly execution: string;
  readonly visits: readonly Visit[];
}

/** What is waited for. */
export interface Aim {
  /** ARN of the state machine. */
  readonly machine: string;
  /** Executions whose work has nothing to do with it: `workedBefore`. */
  readonly before: ReadonlySet<string>;
  /** Whether an execution that has taken the turn works on it. Default: every one does. */
  isOurs?(turn: Output<"take-turn">): boolean;
  /** What it came to, once an execution has ended, or by what is live; undefined: look on. */
  judge(ended: Ended | undefined): Promise<Result | undefined>;
  /** How long until `judge` and everything else is given up, in ms. Default: two hours, longer than any build. */
  readonly limitMs?: number;
}

const BETWEEN_MS = 400;
const LIMIT_MS = 2 * 60 * 60 * 1000;
const SILENCE_MS = 3_000;

/** The executions that had ended at this moment, the last 50 of them. */
export async function endedBefore(machine: string): Promise<Set<string>> {
  const known = await executionsOf(machine, { count: 50 });
  return new Set(known.filter(({ status }) => status !== "RUNNING").map(({ arn }) => arn));
}

/**
 * Watches what works on something until it has ended, telling an audience. Rejects with the signal's reason when it
 * is aborted, and with CommandFailed when the limit has passed, or AWS does not answer for too long.
 */
export async function watch(aim: Aim, audience: Audience, signal: AbortSignal): Promise<Result> {
  const { machine, before, limitMs = LIMIT_MS } = aim;
  const over = new Set(before);
  const begin = Date.now();
  let waits = false;
  const look = async (): Promise<Result | undefined> => {
    let working = false;
    const executions = await executionsOf(machine, { count: 50 });
    for (const { arn: execution, status } of executions.toReversed()) {
      if (over.has(execution)) continue;
      const visits = await visitsOf(execution);
      const turn = turnOf(visits);
      const takesPart = turn?.turn === "taken" && (aim.isOurs?.(turn) ?? true);
      if (takesPart) audience.sees(execution, stepsOf(visits));
      working ||= takesPart;
      if (status === "RUNNING") continue;
      const result = takesPart
        ? await aim.judge({ execution, visits, ...(await outcomeOf(execution)) })
        : undefined;
      over.add(execution);
      if (result !== undefined) return { execution, ...result };
    }
    const result = working ? undefined : await aim.judge(undefined);
    if (result !== undefined) return result;
    if (!working && !waits && Date.now() - begin > SILENCE_MS) {
      waits = true;
      const busy = executions.some(({ status }) => status === "RUNNING");
      audience.waits(
        busy ? "Waiting for the deployment that is under way." : "Waiting until a deployment begins.",
      );
    }
    return undefined;
  };
  while (Date.now() - begin < limitMs) {
    const result = await seeThrough(look, (why) => audience.misses(why), signal);
    if (result !== undefined) return result;
    await pause(BETWEEN_MS, undefined, { signal });
  }
  throw new CommandFailed(
    `It had not ended after ${Math.round(limitMs / 60_000)} minutes and goes on without us: see \`mirage-pages status\`.`,
  );
}

/** What an execution that has ended says of itself. Pure. */
export function resultOf({ status, output, error, cause }: Outcome): Result {
  const told = JSON.parse(output ?? "null") as Result | null;
  if (status === "SUCCEEDED" && told !== null) {
    const { outcome, release, message } = told;
    return { outcome, release, message };
  }
  const what = cause === undefined ? `The deployment ended as ${status}.` : messageOf(cause);
  return { outcome: "failed", release: undefined, message: error === undefined ? what : `${error}: ${what}` };
}

/** What an execution's take-turn came to last; undefined while it has not ended. */
function turnOf(visits: readonly Visit[]): Output<"take-turn"> | undefined {
  const output = visits.findLast(({ state }) => state === "take-turn")?.output;
  return output === undefined ? undefined : (JSON.parse(output) as { turn: Output<"take-turn"> }).turn;
}
