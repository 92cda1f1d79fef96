import { type CertificateStanding, certificateOf } from "./certificate.ts";
import { type Costs, costsOf } from "./costs.ts";
import { type Fleet, fleetOf } from "./fleet.ts";
import { type Running, runningOf } from "./running.ts";
import { recordsOf, type Site } from "./site.ts";

/** What there is of a site beside its records. */
export interface Overview {
  readonly running: readonly Running[];
  readonly fleet: Fleet;
  readonly certificate: CertificateStanding;
  readonly costs: Costs;
}

/** Reads everything that can be told of a site; some dozen calls. */
export async function overviewOf(site: Site): Promise<Overview> {
  const [running, fleet, certificate, records] = await Promise.all([
    runningOf(site),
    fleetOf(),
    certificateOf(site),
    recordsOf(site),
  ]);
  return { running, fleet, certificate, costs: await costsOf(site, records, fleet) };
}
