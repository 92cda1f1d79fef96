import { addressHolder } from "../lib/aws/address.ts";
import { type Probe, proberOf } from "../lib/aws/probing.ts";
import type { Input, Output } from "../lib/contracts.ts";
import { MachineUnreachable, WrongAnswer } from "../lib/errors.ts";
import { lookPatiently } from "../lib/patience.ts";
import { NoAnswer } from "../lib/probe/probe.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** An address takes some seconds to move; until then the predecessor may still answer. */
export const LIMIT_MS = 60_000;

/** Probes once more, now through the site's own address. */
export const handler = step("probe-address", (input) => {
  const probe = proberOf(input.expected);
  return lookPatiently(
    () => look(input, probe),
    ({ ready }) => ready,
  );
});

async function look(
  { instanceId, since }: Input<"probe-address">,
  probe: Probe,
): Promise<Output<"probe-address">> {
  const lookedAt = new Date().toISOString();
  const address = setting("SITE_ADDRESS");
  try {
    const holder = await addressHolder();
    if (holder !== instanceId) throw new NoAnswer(`${address} is at ${holder ?? "no machine"}`);
    const paths = await probe(address, 50);
    return { ready: true, lookedAt, reason: `${paths} paths compared`, address, paths };
  } catch (error) {
    if (!(error instanceof NoAnswer || error instanceof WrongAnswer)) throw error;
    if (Date.now() - Date.parse(since) > LIMIT_MS) {
      throw new MachineUnreachable(`The new machine does not serve through ${address}: ${error.message}`);
    }
    return { ready: false, lookedAt, reason: error.message };
  }
}
