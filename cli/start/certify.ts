import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { objectStore } from "../../lib/aws/bucket.ts";
import { readCurrent } from "../../lib/certificates/current.ts";
import { readLive } from "../../lib/releases/stored.ts";
import type { Pebble } from "../../local/acme/pebble.ts";
import type { Cloud } from "../../local/cloud.ts";
import { executionsSince, outcomeOf, visitsOf } from "../read/executions.ts";
import { stepsOf } from "../read/steps.ts";
import { indented } from "./report.ts";

const LIMIT_MS = 5 * 60_000;

/**
 * Points a name at the site, has the certificate machine look, and follows it until visitors are shown what the
 * authority issued. Returns whether they are; what went wrong is printed.
 */
export async function certifySite(
  cloud: Cloud,
  pebble: Pebble,
  { domain, data, signal }: { readonly domain: string; readonly data: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const { StateBucket: state = "", SiteAddress: address = "" } = cloud.outputs;
  const store = objectStore(state);
  await pebble.point(domain, address);
  const begun = Date.now();
  console.log(`\n${domain} points at ${address} now; the certificate machine looks.`);
  const schedule = cloud.scheduler.list().find(({ schedule: { name } }) => name.endsWith("-certificate"));
  if (schedule !== undefined) cloud.scheduler.fire(schedule.schedule.name);
  const machine = schedule?.schedule.target.arn ?? "";
  for (let shown = 0; Date.now() - begun < LIMIT_MS; await pause(200, undefined, { signal })) {
    const [execution] = await executionsSince(machine, begun);
    if (execution !== undefined) {
      const steps = stepsOf(await visitsOf(execution));
      for (const { title, from } of steps.slice(shown)) {
        console.log(`${((from - begun) / 1000).toFixed(1).padStart(6)} s  ${title}`);
      }
      shown = Math.max(shown, steps.length);
      const { status, error, cause } = await outcomeOf(execution);
      if (status !== "RUNNING" && status !== "SUCCEEDED") {
        console.error(`\nThere is no certificate: ${error ?? status}\n${indented(cause ?? "")}`);
        return false;
      }
    }
    const current = (await readCurrent(store))?.value;
    const live = (await readLive(store))?.value;
    if (current?.selfSigned === false && live?.certificate.fingerprint === current.fingerprint) {
      const root = join(data, "root.pem");
      await writeFile(root, await pebble.root());
      const after = ((Date.now() - begun) / 1000).toFixed(1);
      console.log(`${after.padStart(6)} s  served: certificate ${current.serial}, until ${current.notAfter}`);
      console.log(`\n  curl --cacert ${root} --resolve ${domain}:443:${address} https://${domain}/\n`);
      return true;
    }
  }
  console.error("\nThe certificate was not served within five minutes.");
  return false;
}
