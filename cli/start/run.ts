import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { listBucket, objectStore } from "../../lib/aws/bucket.ts";
import { readLive } from "../../lib/records.ts";
import { listingDigest } from "../../lib/site/listing.ts";
import { type Cloud, startCloud } from "../../local/cloud.ts";
import { atEndpoint, pathWithEndpoint } from "../aws.ts";
import { executionsSince, importedBytes, visitsOf } from "../history.ts";
import { CannotStart } from "./errors.ts";
import { filesBelow, siteSize } from "./files.ts";
import { follow } from "./follow.ts";
import { type Timings, timings } from "./timings.ts";
import { type Verified, verifySite } from "./verify.ts";

export interface RunOptions {
  readonly data: string;
  readonly site: string;
  readonly packageDir: string;
  readonly port: number;
  readonly block: string;
  readonly once: boolean;
  readonly report?: string;
}

const DEPLOYMENT_LIMIT_MS = 20 * 60 * 1000;

/**
 * Starts the local cloud, uploads the site with the AWS CLI, follows the deployment, compares every path and
 * stays up (or ends, with `once`). Returns the exit code.
 */
export async function run(options: RunOptions): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => interrupted.abort(new CannotStart("interrupted.")));
  }
  await filesBelow(options.site);
  const cloud = await startCloud({
    dataDir: options.data,
    packageDir: options.packageDir,
    port: options.port,
    addressBlock: options.block,
    machineKind: "qemu",
    onNotification: ({ message }) =>
      console.log(`
✉ ${indented(message).trimStart()}`),
  });
  try {
    Object.assign(process.env, cloud.environment);
    const idle = new Set(
      cloud.unhonoured.map(({ type, property }) => (property ? `${type}.${property}` : type)),
    );
    console.log(`Declared in the stack, without effect on this machine: ${[...idle].join(", ")}`);
    const live = await deploySite(cloud, options, interrupted.signal);
    if (options.once) return live ? 0 : 1;
    if (live) printHowToGoOn(cloud, options);
    await new Promise<void>((resolve) => {
      if (interrupted.signal.aborted) resolve();
      interrupted.signal.addEventListener("abort", () => resolve());
    });
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    throw error;
  } finally {
    console.log("Stopping …");
    await cloud.stop();
  }
}

async function deploySite(cloud: Cloud, options: RunOptions, signal: AbortSignal): Promise<boolean> {
  const { ContentBucket: content = "", StateBucket: state = "" } = cloud.outputs;
  const machine =
    cloud.outputs[Object.keys(cloud.outputs).find((name) => name.endsWith("deployArn")) ?? ""] ?? "";
  const store = objectStore(state);
  const begun = Date.now();
  console.log(`Uploading ${options.site}: aws s3 sync … s3://${content} --delete`);
  await sync(cloud.endpoint, options.site, content, signal);
  const uploaded = Date.now();
  const listing = listingDigest(await listBucket(content));
  const isLive = async () => (await readLive(store))?.value.listing === listing;

  if (!(await isLive())) await takeUp(cloud, machine, begun);
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
  const spent = followed === undefined ? undefined : timings(await visitsOf(followed.executionArn), uploaded);
  printOutcome(address, release, verified, spent);
  if (options.report !== undefined) {
    const written = followed === undefined ? 0 : await importedBytes(followed.executionArn);
    await writeReport(options.report, { release, address, site: options.site, spent, verified, written });
  }
  return verified.mismatches.length === 0;
}

const EVENT_LIMIT_MS = 3_000;

/**
 * An upload starts a deployment within moments. When none begins, one was killed together with the last run,
 * and the schedules, which would find its request within minutes, are fired now.
 */
async function takeUp(cloud: Cloud, machine: string, since: number): Promise<void> {
  for (const start = Date.now(); Date.now() - start < EVENT_LIMIT_MS; await pause(200)) {
    if ((await executionsSince(machine, since)).length > 0) return;
  }
  for (const { schedule } of cloud.scheduler.list()) cloud.scheduler.fire(schedule.name);
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

function printOutcome(
  address: string,
  release: number,
  verified: Verified,
  spent: Timings | undefined,
): void {
  const { paths, mismatches } = verified;
  if (spent !== undefined) {
    const { total, settle, build, boot, own } = spent;
    console.log(
      `\nRelease ${release} was live ${total} s after the upload: settle ${settle}, build ${build}, boot ${boot}, own ${own}.`,
    );
  }
  for (const mismatch of mismatches.slice(0, 10)) console.error(`  differs: ${mismatch}`);
  console.log(`${paths - mismatches.length} of ${paths} paths are as in the upload.`);
  console.log(`\n  https://${address}/\n`);
}

function printHowToGoOn(cloud: Cloud, { data, site }: RunOptions): void {
  const lines = Object.entries(cloud.environment).map(([name, value]) => `  export ${name}=${value}`);
  console.log(
    [
      "The certificate is self-signed, so a browser asks once. In another terminal:",
      ...lines,
      "  export AWS_PAGER=",
      `  export PATH="${pathWithEndpoint(join(data, "bin"))}"`,
      `  aws s3 sync --delete ${site} s3://${cloud.outputs.ContentBucket}`,
      "",
      "Ctrl-C ends everything; the next start finds it again.",
    ].join("\n"),
  );
}

interface ReportParts {
  readonly release: number;
  readonly address: string;
  readonly site: string;
  readonly spent: Timings | undefined;
  readonly verified: Verified;
  readonly written: number;
}

async function writeReport(file: string, parts: ReportParts): Promise<void> {
  const { states = {}, ...seconds } = parts.spent ?? { total: 0, settle: 0, build: 0, boot: 0, own: 0 };
  const report = {
    release: parts.release,
    url: `https://${parts.address}/`,
    site: await siteSize(parts.site),
    seconds: { ...seconds, start: Math.round(process.uptime() * 1000) / 1000 },
    states,
    disk: { bytes: parts.written },
    verified: { paths: parts.verified.paths, mismatches: parts.verified.mismatches.length },
  };
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
