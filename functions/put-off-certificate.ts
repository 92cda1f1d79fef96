import { forgetOrderKeys, withdraw } from "../lib/acme/answers.ts";
import { endOrder, readOrder } from "../lib/acme/order.ts";
import { tell } from "../lib/aws/notifications.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { afterFailure, mayOrderFrom, readAttempts, writeAttempts } from "../lib/certificates/attempts.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import { writeNext } from "../lib/certificates/next.ts";
import { messageOf } from "../lib/failure.ts";
import { tellMetrics } from "../lib/metrics.ts";
import { certificateNotice } from "../lib/notices/certificate.ts";
import type { ObjectStore } from "../lib/objects.ts";
import type { Certificate } from "../lib/releases/records.ts";
import { certificateNames } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/**
 * After a failure: clears away what the order has left, notes when the next one may be made, and tells people.
 * An order that the authority has fulfilled is kept: the next run fetches its certificate.
 */
export const handler = step("put-off-certificate", async ({ execution, failure }) => {
  const store = stateStore();
  const told = { error: failure.Error, cause: messageOf(failure.Cause) };
  const current = (await readCurrent(store))?.value;
  const next = await putOff(store, execution, current);
  const names = certificateNames();
  await tell(certificateNotice({ names, execution, ...told, next, current, now: Date.now() }));
  // The alarm on failed executions rings for those alone that nobody has told.
  tellMetrics({ CertificateFailuresTold: 1 });
  return told;
});

async function putOff(
  store: ObjectStore,
  execution: string,
  current: Certificate | undefined,
): Promise<string> {
  const now = Date.now();
  const names = certificateNames();
  const held = (await readOrder(store))?.value;
  const order = held?.owner === execution ? held : undefined;
  let attempts = await readAttempts(store);
  if (order !== undefined) {
    const retryAt = Date.parse(order.retryAt ?? "") || 0;
    const left = current === undefined || current.selfSigned ? undefined : Date.parse(current.notAfter) - now;
    attempts = afterFailure(attempts, order.names, now, { retryAt, ...(left !== undefined && { left }) });
    await writeAttempts(store, attempts);
    await withdraw(store, order);
  }
  const at = new Date(Math.max(mayOrderFrom(attempts, names), now + 15 * 60_000)).toISOString();
  await writeNext(store, { at, names, reason: "the last run failed", waiting: false });
  if (order !== undefined && !order.finalized) {
    await forgetOrderKeys(store);
    await endOrder(store, execution);
  }
  return at;
}
