import { claimOrder } from "../lib/acme/order.ts";
import { misledNames } from "../lib/acme/reach.ts";
import { renewalWindow } from "../lib/acme/renewal-info.ts";
import { executionLife } from "../lib/aws/executions.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { readAttempts } from "../lib/certificates/attempts.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import { decide, type Standing } from "../lib/certificates/due.ts";
import { writeNext } from "../lib/certificates/next.ts";
import type { ObjectStore } from "../lib/objects.ts";
import { readLive } from "../lib/releases/stored.ts";
import { certificateNames, setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** When what is begun now comes to nothing. */
const LOOK_AGAIN_MS = 6 * 60 * 60 * 1000;

/** Another run's order has come to an end by then, most likely. */
const ORDER_MS = 15 * 60 * 1000;

/** Decides what is to be done about the certificate, claims the order if it is one, and notes when to look again. */
export const handler = step("check-certificate", async ({ execution }) => {
  const store = stateStore();
  const standing = await stand(store);
  const { names, now } = standing;
  let due = decide(standing);
  let waiting = "";
  if (due.action === "order" && mayWait(standing)) {
    waiting = (await misledNames(names)).join("\n");
    if (waiting !== "") due = decide({ ...standing, authority: false });
  }
  if (due.action === "order") {
    const other = await claimOrder({ store, now: Date.now, life: executionLife }, execution, wanted(names));
    if (other !== undefined)
      due = { action: "nothing", reason: `${other} works on an order`, next: now + ORDER_MS };
  }
  const next = waiting !== "" ? now : due.action === "nothing" ? due.next : now + LOOK_AGAIN_MS;
  const reason = waiting === "" ? due.reason : `no certificate is ordered yet: ${waiting}`;
  await writeNext(store, {
    at: new Date(next).toISOString(),
    names: [...names],
    reason,
    waiting: waiting !== "",
  });
  return { action: due.action, message: reason };
});

async function stand(store: ObjectStore): Promise<Standing> {
  const now = Date.now();
  const authority = setting("ACME") !== undefined && setting("SITE_NAMES").length > 0;
  const current = (await readCurrent(store))?.value;
  const asks = authority && current !== undefined && !current.selfSigned;
  return {
    now,
    names: certificateNames(),
    authority,
    current,
    served: (await readLive(store))?.value.certificate.fingerprint,
    window: asks ? await renewalWindow(store, current, now) : undefined,
    attempts: await readAttempts(store),
  };
}

/** A new site's names need not lead to it yet. A site that had a trusted certificate is another matter: people are told. */
function mayWait({ current }: Standing): boolean {
  return setting("HOSTED_ZONE") === undefined && (current === undefined || current.selfSigned);
}

function wanted(names: readonly string[]) {
  return {
    names: [...names],
    authority: `${setting("ACME")} ${setting("PROFILE") ?? ""}`.trim(),
    challenge: setting("HOSTED_ZONE") === undefined ? ("http-01" as const) : ("dns-01" as const),
  };
}
