import { execFile } from "node:child_process";
import { appendFile, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { atEndpoint } from "../cli/aws.ts";
import { visitsOf } from "../cli/read/executions.ts";
import { packageStack } from "../cli/start/packaging.ts";
import { type Timings, timings } from "../cli/start/timings.ts";
import { lineAudience } from "../cli/watch/lines.ts";
import { endedBefore, resultOf, watch } from "../cli/watch/watch.ts";
import { objectStore } from "../lib/aws/bucket.ts";
import { readLive, readReleases } from "../lib/releases/stored.ts";
import { type Cloud, startCloud } from "../local/cloud.ts";

const root = resolve(import.meta.dirname, "..");
const LIMIT_MS = 300_000;

/** A page is changed while everything runs: how long until it is served, and where the time went. */
export function changedPage(data: string): Promise<Timings> {
  return withCloud(
    data,
    () => {},
    async (cloud) => {
      const site = join(data, "changed");
      await cp(join(data, "site"), site, { recursive: true, preserveTimestamps: true });
      // The first round warms the functions up, as a stack that is in use is.
      let spent: Timings | undefined;
      for (const text of ["<!-- warm -->", "<!-- measured -->"]) {
        await appendFile(join(site, "index.html"), text);
        const before = await standing(cloud);
        await sync(cloud, site);
        const uploaded = Date.now();
        const served = whenServed(cloud.outputs.SiteAddress ?? "", text);
        const arn = await deployed(cloud, before);
        const total = ((await served) - uploaded) / 1000;
        spent = { ...timings(await visitsOf(arn), uploaded), total };
      }
      if (spent === undefined) throw new Error("Nothing was measured.");
      return { ...spent, own: spent.total - spent.settle - spent.build - spent.boot };
    },
  );
}

/** 5,000 small files are synced: the releases that come of it, and the S3 writes for each batch of events. */
export async function manyFiles(data: string): Promise<{ releases: number; writesPerBatch: number }> {
  let writes = 0;
  let batches = 0;
  const count = ({
    service,
    action,
    caller,
  }: {
    service: string;
    action: string;
    caller: { arn: string };
  }) => {
    if (service === "s3" && caller.arn.includes("content-changed") && /^(PUT|DELETE)/.test(action))
      writes += 1;
  };
  return withCloud(data, count, async (cloud) => {
    const site = join(data, "many");
    await rm(site, { recursive: true, force: true });
    await mkdir(site);
    await writeFile(join(site, "index.html"), "<h1>Many</h1>");
    for (let i = 0; i < 5_000; i += 1) await writeFile(join(site, `${i}.html`), `<p>${i}</p>`);
    const store = objectStore(cloud.outputs.StateBucket ?? "");
    const before = await standing(cloud);
    const begun = Date.now();
    await sync(cloud, site);
    await deployed(cloud, before);
    await pause(5_000);
    const releases = (await readReleases(store)).filter(
      ({ number, status }) => number > before.release && status === "live",
    );
    batches = await invocations(cloud, "content-changed", begun);
    return { releases: releases.length, writesPerBatch: writes / batches };
  });
}

async function withCloud<T>(
  data: string,
  onCall: Parameters<typeof startCloud>[0]["onCall"],
  act: (cloud: Cloud) => Promise<T>,
) {
  const packageDir = await packageStack(root);
  const cloud = await startCloud({
    dataDir: data,
    packageDir,
    // The same each time: the SDK clients of this process are made once.
    port: 4599,
    addressBlock: "127.90.0",
    machineKind: "qemu",
    ...(onCall && { onCall }),
  });
  Object.assign(process.env, cloud.environment);
  try {
    return await act(cloud);
  } finally {
    await cloud.stop();
  }
}

async function liveRelease(cloud: Cloud): Promise<number> {
  return (await readLive(objectStore(cloud.outputs.StateBucket ?? "")))?.value.release ?? 0;
}

async function sync(cloud: Cloud, site: string): Promise<void> {
  const target = `s3://${cloud.outputs.ContentBucket}`;
  const args = atEndpoint(cloud.endpoint, "s3", "sync", "--delete", "--only-show-errors", site, target);
  await promisify(execFile)("aws", args, { env: process.env });
}

/** The executions that have ended, and the release that is live. */
async function standing(cloud: Cloud): Promise<{ ended: Set<string>; release: number }> {
  return { ended: await endedBefore(deployMachine(cloud)), release: await liveRelease(cloud) };
}

function deployMachine({ outputs }: Cloud): string {
  return outputs.DeployMachine ?? "";
}

/** Watches until a release after `before` is live; returns its execution. */
async function deployed(cloud: Cloud, before: Awaited<ReturnType<typeof standing>>): Promise<string> {
  const result = await watch(
    {
      machine: deployMachine(cloud),
      before: before.ended,
      limitMs: LIMIT_MS,
      judge: async (ended) => {
        const result = ended && resultOf(ended);
        const isNew = result?.outcome === "failed" || (await liveRelease(cloud)) > before.release;
        return isNew ? result : undefined;
      },
    },
    lineAudience(console.log),
    AbortSignal.timeout(LIMIT_MS),
  );
  if (result.outcome !== "live") throw new Error(`The deployment failed: ${result.message}`);
  return result.execution ?? "";
}

/** When the front page first had a text; epoch milliseconds. */
async function whenServed(address: string, text: string): Promise<number> {
  for (const begun = Date.now(); Date.now() - begun < LIMIT_MS; await pause(50)) {
    if ((await frontPage(address)).includes(text)) return Date.now();
  }
  throw new Error(`"${text}" was not served within ${LIMIT_MS / 1000} s.`);
}

function frontPage(address: string): Promise<string> {
  return new Promise((resolve) => {
    const call = get(
      { host: address, rejectUnauthorized: false, agent: false, servername: "" },
      async (answer) => {
        let body = "";
        for await (const chunk of answer) body += String(chunk);
        resolve(body);
      },
    );
    call.on("error", () => resolve(""));
  });
}

async function invocations(cloud: Cloud, name: string, since: number): Promise<number> {
  const group = `/aws/lambda/mirage-pages-prod-${name}`;
  const filter = ["--filter-pattern", "REPORT", "--start-time", String(since), "--query", "length(events)"];
  const call = ["logs", "filter-log-events", "--log-group-name", group, ...filter, "--output", "text"];
  const args = atEndpoint(cloud.endpoint, ...call);
  const env = { ...process.env, ...cloud.environment };
  const { stdout } = await promisify(execFile)("aws", args, { env, maxBuffer: 2 ** 26 });
  return stdout
    .split(/\s+/)
    .filter(Boolean)
    .reduce((sum, part) => sum + Number(part), 0);
}
