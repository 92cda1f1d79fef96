import { setTimeout as pause } from "node:timers/promises";
import { startExecution } from "../../lib/aws/executions.ts";
import { CommandFailed } from "../failure.ts";
import { executionArn, type Outcome, outcomeOf, visitsOf } from "../read/executions.ts";
import { stepsOf } from "../read/steps.ts";
import { seeThrough } from "./outage.ts";
import type { Audience } from "./watch.ts";

const LIMIT_MS = 30 * 60 * 1000;
const BETWEEN_MS = 400;

/** Starts an execution of the certificate or the retire machine and watches it to its end. */
export async function runMachine(
  machine: string,
  input: unknown,
  audience: Audience,
  signal: AbortSignal,
): Promise<Outcome> {
  const name = `asked-${new Date().toISOString().replaceAll(/\D/g, "")}`;
  await startExecution(machine, name, input);
  const execution = executionArn(machine, name);
  const look = async () => {
    // In this order: what has ended has no more steps to come.
    const outcome = await outcomeOf(execution);
    audience.sees(execution, stepsOf(await visitsOf(execution)));
    return outcome;
  };
  for (const begin = Date.now(); Date.now() - begin < LIMIT_MS; ) {
    const outcome = await seeThrough(look, (why) => audience.misses(why), signal);
    if (outcome.status !== "RUNNING") return outcome;
    await pause(BETWEEN_MS, undefined, { signal });
  }
  throw new CommandFailed(
    `It had not ended after ${LIMIT_MS / 60_000} minutes and goes on without us (${name}).`,
  );
}
