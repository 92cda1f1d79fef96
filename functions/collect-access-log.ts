import { type Collected, collect } from "../lib/access-log/collect.ts";
import { fetchReport, NoReport } from "../lib/access-log/report.ts";
import { accessLogSecret } from "../lib/access-log/secret.ts";
import { listMachines, type Machine } from "../lib/aws/machines.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import type { Output } from "../lib/contracts.ts";
import { tellMetrics } from "../lib/metrics.ts";
import type { ObjectStore } from "../lib/objects.ts";
import { readRelease } from "../lib/releases/stored.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** For one answer of a machine. */
const ANSWER_MS = 5_000;

/**
 * Keeps what the running machines have logged: on a schedule, and before machines are retired. A machine that does
 * not answer keeps its lines for the next time, and whether it is dead is reconcile's to judge.
 */
export const handler = step("collect-access-log", async () => {
  const machines: Output<"collect-access-log">["machines"] = [];
  if (setting("ACCESS_LOG") === "off") return { machines };
  const store = stateStore();
  for (const machine of await listMachines()) {
    if (machine.state !== "running" || machine.address === undefined) continue;
    const { release, address } = machine;
    try {
      const collected = await collectFrom(store, machine, address);
      if (collected === undefined) continue;
      tell(collected);
      machines.push({ release, lines: collected.lines, lost: collected.lost });
    } catch (error) {
      if (!(error instanceof NoReport)) throw error;
      machines.push({ release, lines: 0, lost: 0, problem: error.message.slice(0, 500) });
    }
  }
  return { machines };
});

/** Undefined when the machine's release keeps no log. */
async function collectFrom(
  store: ObjectStore,
  { release }: Machine,
  address: string,
): Promise<Collected | undefined> {
  const secret = await accessLogSecret(store, release);
  const certificate = (await readRelease(store, release))?.certificate;
  if (secret === undefined || certificate === undefined) return undefined;
  const { fingerprint, names } = certificate;
  const asked = { address, fingerprint, name: names[0] ?? address, secret, limitMs: ANSWER_MS };
  return collect(store, release, (kept) => fetchReport({ ...asked, kept }));
}

function tell({ lost, counted }: Collected): void {
  const { requests, bytes, responses, notModified, connections, handshakeFailures } = counted;
  tellMetrics({
    Requests: requests,
    ResponseBytes: bytes,
    NotModified: notModified,
    ClientErrors: responses["4xx"],
    ServerErrors: responses["5xx"],
    Connections: connections,
    HandshakeFailures: handshakeFailures,
    LogLinesLost: lost,
  });
}
