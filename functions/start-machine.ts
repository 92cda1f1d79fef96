import { describeMachine, startMachine } from "../lib/aws/machines.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import type { Input, Output } from "../lib/contracts.ts";
import { MachineUnreachable } from "../lib/errors.ts";
import { lookPatiently } from "../lib/patience.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/** A machine that was just told to stop has to have stopped before it starts. */
export const LIMIT_MS = 3 * 60 * 1000;

/** Starts a kept machine; one that still drains runs already. */
export const handler = step("start-machine", async (input) => {
  await assertTurn(stateStore(), input.execution);
  return lookPatiently(
    () => look(input),
    ({ started }) => started,
  );
});

async function look({ instanceId, since }: Input<"start-machine">): Promise<Output<"start-machine">> {
  const state = (await describeMachine(instanceId))?.state ?? "gone";
  const machine = { instanceId, attempt: 1 };
  if (state === "running" || state === "pending") {
    return { ...machine, started: true, launchedAt: new Date().toISOString() };
  }
  if (state === "stopped") {
    await startMachine(instanceId);
    return { ...machine, started: true, launchedAt: new Date().toISOString() };
  }
  if (state !== "stopping" || Date.now() - Date.parse(since) > LIMIT_MS) {
    throw new MachineUnreachable(`The kept machine ${instanceId} cannot be started: it is ${state}.`);
  }
  return { ...machine, started: false, launchedAt: since };
}
