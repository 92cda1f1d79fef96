import { type Execution, executionsOf, visitsOf } from "./executions.ts";
import type { MachineName, Site } from "./site.ts";
import { type Step, stepsOf } from "./steps.ts";

/** An execution of one of the stack's state machines with what it has done so far. */
export interface Running extends Execution {
  readonly machine: MachineName;
  readonly steps: readonly Step[];
}

const MACHINES: readonly MachineName[] = ["deploy", "certificate", "retire"];

/** Everything of the stack that runs just now, deployments first, the newest of each machine first. */
export async function runningOf({ machines }: Pick<Site, "machines">): Promise<Running[]> {
  const each = await Promise.all(
    MACHINES.map(async (machine) => {
      const executions = await executionsOf(machines[machine], { running: true });
      return Promise.all(
        executions.map(async (one) => ({ ...one, machine, steps: stepsOf(await visitsOf(one.arn)) })),
      );
    }),
  );
  return each.flat();
}
