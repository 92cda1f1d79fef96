import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { listBucket, objectStore } from "../../lib/aws/bucket.ts";
import { getJson } from "../../lib/objects.ts";
import { REFUSED_KEY, readLive, refusedSchema } from "../../lib/records.ts";
import { listingDigest } from "../../lib/site/listing.ts";
import { contentOf } from "../../lib/site/settled.ts";
import type { Cloud } from "../../local/cloud.ts";
import { atEndpoint } from "../aws.ts";
import { executionsSince, importedBytes, visitsOf } from "../read/executions.ts";
import { CannotStart } from "./errors.ts";
import { follow } from "./follow.ts";
import { indented, printOutcome, writeReport } from "./report.ts";
import type { RunOptions } from "./run.ts";
import { timings } from "./timings.ts";
import { verifySite } from "./verify.ts";

const DEPLOYMENT_LIMIT_MS = 20 * 60 * 1000;
const EVENT_LIMIT_MS = 3_000;

/**
 * Uploads a site with the AWS CLI, follows the deployment until it is live, and compares every path of it
 * through the address. Returns whether all of that went well; what did not is printed.
 */
export async function deploySite(cloud: Cloud, options: RunOptions, signal: AbortSignal): Promise<boolean> {
  const { ContentBucket: content = "", StateBucket: state = "" } = cloud.outputs;
  const machine =
    cloud.outputs[Object.keys(cloud.outputs).find((name) => name.endsWith("deployArn")) ?? ""] ?? "";
  const store = objectStore(state);
  const begun = Date.now();
  console.log(`Uploading ${options.site}: aws s3 sync … s3://${content} --delete`);
  await sync(cloud.endpoint, options.site, content, signal);
  const uploaded = Date.now();
  const listing = listingDigest(contentOf(await listBucket(content)));
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
  const followed = await follow(
    machine,
    begun,
    DEPLOYMENT_LIMIT_MS,
    isLive,
    (line) => console.log(line),
    signal,
  );
  if (followed?.outcome.status !== undefined && followed.outcome.status !== "SUCCEEDED") {
    const { status, error, cause } = followed.outcome;
    console.error(`\nThe deployment ${status}: ${error ?? ""}\n${indented(cause ?? "")}`);
    return false;
  }
  const address = cloud.outputs.SiteAddress ?? "";
  await answers(address, signal);
  const verified = await verifySite(options.site, address);
  const release = (await readLive(store))?.value.release ?? 0;
  const visits = followed === undefined ? [] : await visitsOf(followed.executionArn);
  const spent = followed === undefined ? undefined : timings(visits, uploaded);
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
