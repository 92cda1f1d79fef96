import { consoleOutput, terminateMachines } from "../lib/aws/machines.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { MachineUnreachable } from "../lib/errors.ts";
import { messageOf } from "../lib/failure.ts";
import { consoleKey } from "../lib/releases/object-keys.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/** Some boots hang on EC2 for no reason, and a fresh machine cures it: one is allowed. */
const MAX_ATTEMPTS = 2;
const CONSOLE_LINES = 12;

/** Keeps the console of a machine that did not answer, terminates it, and gives the next attempt's number. */
export const handler = step(
  "discard-machine",
  async ({ execution, release, attempt, instanceId, failure }) => {
    const store = stateStore();
    const output = await consoleOutput(instanceId);
    await store.put(consoleKey(release, attempt), output);
    await assertTurn(store, execution);
    await terminateMachines([instanceId]);
    if (attempt >= MAX_ATTEMPTS) {
      const last = output.trimEnd().split("\n").slice(-CONSOLE_LINES).join("\n");
      throw new MachineUnreachable(
        `${messageOf(failure.Cause)} ${MAX_ATTEMPTS} machines were tried. The console's last lines:\n${last || "(none)"}`,
      );
    }
    return { attempt: attempt + 1 };
  },
);
