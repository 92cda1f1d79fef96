import { stateStore } from "../lib/aws/state-store.ts";
import { keepCertificate, readCurrent, selfSigned } from "../lib/certificates/current.ts";
import { isStale } from "../lib/certificates/due.ts";
import { certificateNames } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/** Makes a self-signed certificate the current one: for a site without a domain, and until an authority gave one. */
export const handler = step("self-sign-certificate", async () => {
  const store = stateStore();
  const names = certificateNames();
  const current = await readCurrent(store);
  if (current?.value.selfSigned && !isStale(current.value, names, Date.now())) {
    return { certificate: current.value };
  }
  return { certificate: await keepCertificate(store, await selfSigned(names), current?.etag) };
});
