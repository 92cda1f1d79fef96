import { readAttempts } from "../../lib/certificates/attempts.ts";
import { readCurrent } from "../../lib/certificates/current.ts";
import { hoursLeft } from "../../lib/certificates/due.ts";
import { type Next, readNext } from "../../lib/certificates/next.ts";
import type { Certificate } from "../../lib/releases/records.ts";
import { readLive } from "../../lib/releases/stored.ts";
import type { Site } from "./site.ts";

/** How the site's certificate stands. */
export interface CertificateStanding {
  /** What visitors are shown; null before the first release. */
  readonly served: Certificate | null;
  /** What the next release will show, when that is another one. */
  readonly coming: Certificate | null;
  /** Days until the served one runs out; negative afterwards. */
  readonly daysLeft: number | null;
  /** When the certificate machine looks again, and why. */
  readonly next: Next | null;
  /** Orders that failed since the last good one. */
  readonly failures: number;
}

/** Reads how the certificate stands from its records. */
export async function certificateOf({ store }: Pick<Site, "store">): Promise<CertificateStanding> {
  const [live, current, next, attempts] = await Promise.all([
    readLive(store),
    readCurrent(store),
    readNext(store),
    readAttempts(store),
  ]);
  const served = live?.value.certificate ?? null;
  const waits = current !== undefined && current.value.fingerprint !== served?.fingerprint;
  return {
    served,
    coming: waits ? current.value : null,
    daysLeft: served && Math.floor((hoursLeft(served, Date.now()) / 24) * 10) / 10,
    next: next ?? null,
    failures: attempts.failures,
  };
}
