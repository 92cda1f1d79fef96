import { setTimeout as pause } from "node:timers/promises";
import { askForRollback } from "../lib/aws/deployments.ts";
import { NotKept } from "../lib/errors.ts";
import { messageOf } from "../lib/failure.ts";
import { type Past, rollbackTarget, rollbackTargets } from "../lib/rollback.ts";
import { CommandFailed } from "./failure.ts";
import { executionsSince, outcomeOf, visitsOf } from "./read/executions.ts";
import { TITLES } from "./read/steps.ts";

/** What came of a rollback. */
export interface RolledBack {
  readonly outcome: "live" | "nothing" | "failed";
  /** The release that was asked for. */
  readonly to: number;
  /** The release that is live by it, which bears another number where the kept machine could not be used. */
  readonly release: number | undefined;
  readonly message: string;
  readonly seconds: number;
}

/** A deployment that runs already may take as long as its build. */
const LIMIT_MS = 2 * 60 * 60 * 1000;
/** An execution that began this long before may be the one that takes the request up. */
const EARLIER_MS = 15 * 60 * 1000;

/**
 * Asks for a rollback, to the release that was live last unless another is wanted, and watches it to its end. Throws
 * CommandFailed when that release is not kept, or none is.
 */
export async function goBack(
  deployMachine: string,
  past: Past,
  wanted: number | undefined,
  say: (line: string) => void,
): Promise<RolledBack> {
  const to = wanted ?? rollbackTargets(past)[0]?.number;
  if (to === undefined) throw new CommandFailed("No other release is kept: there is nothing to go back to.");
  const { release } = past.live;
  if (!isTarget(past, to)) {
    const message = `Nothing to do: release ${release} is live${to === release ? "" : ` and serves what release ${to} did`}.`;
    return { outcome: "nothing", to, release, message, seconds: 0 };
  }
  const begin = Date.now();
  say(`Going back from release ${release} to release ${to}.`);
  const key = await askForRollback(to);
  const since = () => Math.round((Date.now() - begin) / 100) / 10;
  const execution = await workerOf(deployMachine, key, begin, say);
  for (let told = 0; Date.now() - begin < LIMIT_MS; await pause(300)) {
    const ended = await outcomeOf(execution);
    const steps = (await visitsOf(execution)).filter(
      ({ state }, i, all) => TITLES[state] !== undefined && all[i - 1]?.state !== state,
    );
    for (const { state } of steps.slice(told)) say(`${since().toFixed(1).padStart(6)} s  ${TITLES[state]}`);
    told = steps.length;
    if (ended.status === "RUNNING") continue;
    const failed = { outcome: "failed" as const, release: undefined, message: messageOf(ended.cause ?? "") };
    const output = JSON.parse(ended.output ?? "null") as Pick<
      RolledBack,
      "outcome" | "release" | "message"
    > | null;
    const { outcome, release, message } = output ?? failed;
    return { outcome, to, release, message, seconds: since() };
  }
  throw new CommandFailed(
    `The rollback had not ended after ${LIMIT_MS / 3_600_000} hours; see execution ${execution}.`,
  );
}

function isTarget(past: Past, to: number): boolean {
  try {
    return rollbackTarget(past, to) !== undefined;
  } catch (error) {
    if (error instanceof NotKept) throw new CommandFailed(error.message);
    throw error;
  }
}

/** The execution that takes a request up. */
async function workerOf(
  deployMachine: string,
  key: string,
  asked: number,
  say: (line: string) => void,
): Promise<string> {
  const others = new Set<string>();
  let waits = false;
  for (; Date.now() - asked < LIMIT_MS; await pause(300)) {
    for (const execution of await executionsSince(deployMachine, asked - EARLIER_MS)) {
      if (others.has(execution)) continue;
      const took = await turnOf(execution);
      if (took?.request?.key === key) return execution;
      if (took !== undefined && took.turn !== "wait") others.add(execution);
    }
    if (!waits && Date.now() - asked > 3_000) {
      waits = true;
      say("Waiting for the deployment that is under way.");
    }
  }
  throw new CommandFailed(
    `No deployment took the rollback up within ${LIMIT_MS / 3_600_000} hours (${key}).`,
  );
}

interface Took {
  readonly turn: string;
  readonly request: { readonly key: string } | null;
}

/** What an execution's take-turn came to; undefined while it has not ended. */
async function turnOf(execution: string): Promise<Took | undefined> {
  const visit = (await visitsOf(execution)).findLast(({ state }) => state === "take-turn");
  return visit?.output === undefined ? undefined : (JSON.parse(visit.output) as { turn: Took }).turn;
}
