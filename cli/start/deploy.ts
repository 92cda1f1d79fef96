import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { objectStore } from "../../lib/aws/bucket.ts";
import { getJson } from "../../lib/objects.ts";
import { contentListing } from "../../lib/releases/content-listing.ts";
import { REFUSED_KEY } from "../../lib/releases/object-keys.ts";
import { refusedSchema } from "../../lib/releases/records.ts";
import { readLive } from "../../lib/releases/stored.ts";
import type { Cloud } from "../../local/cloud.ts";
import { atEndpoint } from "../aws.ts";
import { executionsSince, importedBytes, visitsOf } from "../read/executions.ts";
import { contentLive } from "../watch/deployments.ts";
import { lineAudience } from "../watch/lines.ts";
import { endedBefore } from "../watch/watch.ts";
import { CannotStart } from "./errors.ts";
import { indented, printOutcome, writeReport } from "./report.ts";
import type { RunOptions } from "./run.ts";
import { timings } from "./timings.ts";
import { verifySite } from "./verify.ts";

const EVENT_LIMIT_MS = 3_000;

/**
 * Uploads a site with the AWS CLI, follows the deployment until it is live, and compares every path of it
 * through the address. Returns whether all of that went well; what did not is printed.
 */
export async function deploySite(cloud: Cloud, options: RunOptions, signal: AbortSignal): Promise<boolean> {
  const { ContentBucket: content = "", StateBucket: state = "" } = cloud.outputs;
  const machine =
    cloud.outputs[Object.keys(cloud.outputs).find((name) => name.endsWith("deployArn")) ?? ""] ?? "";
  Object.assign(process.env, { STATE_BUCKET: state, DEPLOY_MACHINE: machine });
  const store = objectStore(state);
  const begun = Date.now();
  const before = await endedBefore(machine);
  console.log(`Uploading ${options.site}: aws s3 sync … s3://${content} --delete`);
  await sync(cloud.endpoint, options.site, content, signal);
  const uploaded = Date.now();
  const listing = await contentListing(content);
  const isLive = async () => (await readLive(store))?.value.listing === listing;

  const known = (await isLive()) || (await begins(machine, begun));
  if (!known) {
    const refused = (await getJson(store, REFUSED_KEY, refusedSchema))?.value;
    if (refused?.listing === listing && refused.content) {
      console.error(`\nThis content was refused before: ${refused.error}\n${indented(refused.cause)}`);
      return false;
    }
    // A deployment was killed together with the last run; the schedules, due within minutes, find its request.
    for (const { schedule } of cloud.scheduler.list()) cloud.scheduler.fire(schedule.name);
  }
  const address = cloud.outputs.SiteAddress ?? "";
  const place = { store, machines: { deploy: machine }, url: `https://${address}/`, contentBucket: content };
  const audience = lineAudience((line) => console.log(line), begun);
  const result = await contentLive(place, { listing, before, told: true }, audience, signal);
  if (result.outcome === "failed") {
    console.error(`\nThe deployment failed: ${result.message}`);
    return false;
  }
  await answers(address, signal);
  const verified = await verifySite(options.site, address);
  const release = (await readLive(store))?.value.release ?? 0;
  const visits = result.execution === undefined ? [] : await visitsOf(result.execution);
  const spent = result.execution === undefined ? undefined : timings(visits, uploaded);
  printOutcome(address, release, verified, spent);
  if (options.report !== undefined) {
    await writeReport(options.report, {
      release,
      address,
      site: options.site,
      spent,
      verified,
      written: importedBytes(visits),
    });
  }
  return verified.mismatches.length === 0;
}

/** An upload that changes something starts a deployment within moments. */
async function begins(machine: string, since: number): Promise<boolean> {
  for (const start = Date.now(); Date.now() - start < EVENT_LIMIT_MS; await pause(200)) {
    if ((await executionsSince(machine, since)).length > 0) return true;
  }
  return false;
}

/** Waits for the machine of a release that was live before: it boots again with the local cloud. */
async function answers(address: string, signal: AbortSignal): Promise<void> {
  for (const start = Date.now(); ; ) {
    signal.throwIfAborted();
    try {
      const attempt = AbortSignal.any([signal, AbortSignal.timeout(2_000)]);
      await fetch(`http://${address}/`, { redirect: "manual", signal: attempt });
      return;
    } catch (error) {
      if (Date.now() - start > 120_000)
        throw new CannotStart(`the machine at ${address} does not answer.`, { cause: error });
      await pause(100);
    }
  }
}

function sync(endpoint: string, site: string, bucket: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = atEndpoint(endpoint, "s3", "sync", site, `s3://${bucket}`, "--delete", "--only-show-errors");
    const aws = spawn("aws", args, { stdio: ["ignore", "inherit", "inherit"], signal });
    aws.on("error", reject);
    aws.on("exit", (code) =>
      code === 0
        ? resolve()
        : reject(new CannotStart(`"aws s3 sync" failed with exit code ${code}; see above.`)),
    );
  });
}
