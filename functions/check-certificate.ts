import { objectStore } from "../lib/aws/bucket.ts";
import { readAttempts } from "../lib/certificates/attempts.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import { decide } from "../lib/certificates/due.ts";
import { writeNext } from "../lib/certificates/next.ts";
import { readLive } from "../lib/records.ts";
import { certificateNames, setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** Decides what is to be done about the certificate, and notes when to look again. */
export const handler = step("check-certificate", async () => {
  const store = objectStore(setting("STATE_BUCKET"));
  const names = certificateNames();
  const now = Date.now();
  const due = decide({
    now,
    names,
    authority: false,
    current: (await readCurrent(store))?.value,
    served: (await readLive(store))?.value.certificate.fingerprint,
    window: undefined,
    attempts: await readAttempts(store),
  });
  const at = new Date(due.action === "nothing" ? due.next : now + LOOK_AGAIN).toISOString();
  await writeNext(store, { at, names, reason: due.reason });
  return { action: due.action, message: due.reason };
});

/** If what is begun now comes to nothing. */
const LOOK_AGAIN = 6 * 60 * 60 * 1000;
