import type { Watcher, World } from "../world.ts";

/** Ends that no function of ours can tell of; the alarm on failed executions does. */
const UNTOLD = new Set(["TurnLost", "States.Timeout", "States.Runtime"]);
/** Before and after the work. */
const AROUND = new Set(["take-turn", "release-turn"]);

/**
 * Every failure was notified once. A message whose sending was disturbed may come twice, as AWS delivers at least
 * once; one that could not be sent at all is left to the alarm.
 */
export function notifiedInvariant(world: World): Watcher {
  const told = new Map<string, number>();
  /** Executions that had something to work off; one that did not get so far leaves its request to the next. */
  const begun = new Set<string>();
  return {
    onNotified({ message }) {
      const [, execution = ""] = /Execution: (\S+)/.exec(message) ?? [];
      const times = (told.get(execution) ?? 0) + 1;
      told.set(execution, times);
      if (times > 1 && !world.disturbed.has(execution)) {
        world.violate(
          "notified",
          `The end of ${execution} was told ${times} times, though nothing went wrong.`,
        );
      }
    },
    onCarried({ invocation }) {
      const { name = "", execution } = invocation ?? {};
      if (execution !== undefined && !AROUND.has(name)) begun.add(execution);
    },
    onExecution(execution) {
      if (!execution.machineArn.endsWith("-deploy") || execution.status !== "FAILED") return;
      if (UNTOLD.has(execution.error ?? "") || told.has(execution.arn)) return;
      if (!begun.has(execution.arn) || world.disturbed.has(execution.arn)) return;
      world.violate("notified", `${execution.name} failed with ${execution.error}, and nobody was told.`);
    },
  };
}
