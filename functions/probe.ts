import { describeMachine } from "../lib/aws/machines.ts";
import { type Probe, proberOf } from "../lib/aws/probing.ts";
import type { Input, Output } from "../lib/contracts.ts";
import { MachineUnreachable } from "../lib/errors.ts";
import { lookPatiently } from "../lib/patience.ts";
import { NoAnswer } from "../lib/probe/probe.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** How long a launched instance may be unknown to DescribeInstances. */
const UNKNOWN_MS = 60_000;

/** Probes the new machine through its own address, which is read again each time. */
export const handler = step("probe", (input) => {
  const probe = proberOf(input.expected);
  return lookPatiently(
    () => look(input, probe),
    ({ ready }) => ready,
  );
});

async function look({ instanceId, since }: Input<"probe">, probe: Probe): Promise<Output<"probe">> {
  const lookedAt = new Date().toISOString();
  const age = Date.now() - Date.parse(since);
  const machine = await describeMachine(instanceId);
  const state = machine?.state ?? "unknown";
  if (!["pending", "running"].includes(state) && !(state === "unknown" && age < UNKNOWN_MS)) {
    throw new MachineUnreachable(`The machine ${instanceId} is ${state}: it went down while it was booting.`);
  }
  const address = machine?.address;
  try {
    if (state !== "running" || address === undefined) throw new NoAnswer(`${instanceId} is ${state}`);
    const paths = await probe(address);
    return { ready: true, lookedAt, reason: `${paths} paths compared`, address, paths };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const limit = setting("BOOT_SECONDS");
    if (age > limit * 1000) {
      throw new MachineUnreachable(
        `The machine ${instanceId} did not answer within ${limit} s (${error.message}). ` +
          "What it wrote to its console is kept with the release.",
      );
    }
    return { ready: false, lookedAt, reason: error.message };
  }
}
