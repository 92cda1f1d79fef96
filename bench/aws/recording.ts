import { appendFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  type HistoryEvent,
  ListExecutionsCommand,
  paginateGetExecutionHistory,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { asVisits, type Visit } from "../../cli/read/executions.ts";
import { buildExampleSite } from "../../cli/start/site.ts";
import type { Run, Usage } from "../../lib/costs.ts";
import type { Release } from "../../lib/releases/records.ts";
import { root } from "../../tests/kit/package.ts";
import { type StackOptions, TestStack } from "../../tests/kit/stack.ts";

/** A run of a function as its REPORT line tells it. */
export interface RecordedRun extends Run {
  readonly name: string;
}

/** All that one content deployment did on the local cloud, its retirement included. */
export interface Recording {
  /** States entered, failed attempts that were tried again, and one for each execution's start. */
  readonly transitions: number;
  /** Of the deployment that went live. */
  readonly visits: readonly Visit[];
  readonly uploadedAt: number;
  readonly runs: readonly RecordedRun[];
  readonly calls: Usage;
  readonly release: Release;
  /** What one run of reconcile used, for what a month costs. */
  readonly reconcile: Usage;
  readonly reconcileRun: RecordedRun;
  readonly storedBytes: number;
}

type Call = Parameters<NonNullable<StackOptions["onCall"]>>[0];

/**
 * Deploys the example site with the real boot partition, then a changed page, and records the second: the
 * local cloud's machine stands in for the real one, so booting takes no time here.
 */
export async function record(folder: string): Promise<Recording> {
  let calls: Call[] = [];
  const stack = await TestStack.start({ sources: "real", onCall: (call) => void calls.push(call) });
  const sfn = new SFNClient(stack.sdk);
  try {
    const site = await buildExampleSite(root, folder);
    const sync = () =>
      stack.aws("s3", "sync", "--delete", "--only-show-errors", site, `s3://${stack.content}`);
    await stack.settleAfter(sync, 600_000);
    await retired(stack, sfn, 0);
    await appendFile(join(site, "index.html"), "<!-- changed -->");
    calls = [];
    const since = Date.now();
    let uploadedAt = since;
    await stack.settleAfter(async () => {
      await sync();
      uploadedAt = Date.now();
    });
    await retired(stack, sfn, since);
    const recorded = priced(calls);
    const histories = await historiesSince(stack, sfn, since);
    const runs = await runsSince(stack, since);
    const release = (await stack.releases()).at(-1);
    if (release?.status !== "live") throw new Error("The deployment that was to be recorded is not live.");

    calls = [];
    const before = Date.now();
    await stack.invoke("reconcile", {});
    const reconcile = priced(calls);
    const [reconcileRun] = (await runsSince(stack, before)).filter(({ name }) => name === "reconcile");
    if (reconcileRun === undefined) throw new Error("The run of reconcile left no report.");
    return {
      transitions: histories.reduce((sum, events) => sum + transitionsOf(events), 0),
      visits: histories.map(asVisits).find((visits) => visits.some(({ state }) => state === "commit")) ?? [],
      uploadedAt,
      runs: runs.filter(({ name }) => name !== "reconcile"),
      calls: recorded,
      release,
      reconcile,
      reconcileRun,
      storedBytes: await storedBytes(stack),
    };
  } finally {
    sfn.destroy();
    await stack.stop();
  }
}

/** The calls as units that have a price: the functions' own, and the events that uploading sent. */
function priced(calls: readonly Call[]): Usage {
  const isRole = ({ caller }: Call) => caller.arn.includes(":role/");
  const count = (service: string, action: RegExp, by = isRole) =>
    calls.filter((call) => by(call) && call.service === service && action.test(call.action)).length;
  const lists = count("s3", /^GET \/[^/]+\/?$/);
  const event = count("s3", /^(PUT|DELETE) /, (call) => !isRole(call));
  return {
    s3Write: count("s3", /^(PUT|POST) /) + lists,
    s3Read: count("s3", /^(GET|HEAD) /) - lists,
    blockWrite: count("ebs", /^PUT .*\/blocks\//),
    event,
    // Sent by EventBridge, received and deleted by Lambda's poller.
    queueRequest: 3 * event,
  };
}

/** Entered states, plus every further attempt of a Task, plus one for the start. */
function transitionsOf(events: readonly HistoryEvent[]): number {
  const entered = events.filter(({ stateEnteredEventDetails }) => stateEnteredEventDetails !== undefined);
  const tasks = entered.filter(({ type }) => type === "TaskStateEntered").length;
  const attempts = events.filter(({ type }) => type === "LambdaFunctionScheduled").length;
  return 1 + entered.length + Math.max(0, attempts - tasks);
}

async function executionsSince(stack: TestStack, sfn: SFNClient, since: number) {
  const both = (["deploy", "retire"] as const).map(async (name) => {
    const query = new ListExecutionsCommand({ stateMachineArn: stack.machineArn(name), maxResults: 200 });
    return (await sfn.send(query)).executions ?? [];
  });
  return (await Promise.all(both)).flat().filter(({ startDate }) => (startDate?.getTime() ?? 0) >= since);
}

/** Waits until no execution runs, retirement included. */
async function retired(stack: TestStack, sfn: SFNClient, since: number): Promise<void> {
  for (const begun = Date.now(); Date.now() - begun < 60_000; await pause(200)) {
    const open = (await executionsSince(stack, sfn, since)).filter(({ status }) => status === "RUNNING");
    if (open.length === 0) return;
  }
  throw new Error("An execution did not end within a minute.");
}

async function historiesSince(stack: TestStack, sfn: SFNClient, since: number): Promise<HistoryEvent[][]> {
  const executions = await executionsSince(stack, sfn, since);
  return Promise.all(
    executions.map(async ({ executionArn }) => {
      const events: HistoryEvent[] = [];
      const query = { executionArn, maxResults: 1000 };
      for await (const page of paginateGetExecutionHistory({ client: sfn }, query))
        events.push(...(page.events ?? []));
      return events;
    }),
  );
}

async function runsSince(stack: TestStack, since: number): Promise<RecordedRun[]> {
  const logs = join(stack.dataDir, "logs");
  const runs: RecordedRun[] = [];
  for (const { name: fullName, memoryMiB, ephemeralMiB, logGroup } of stack.cloud.functions.all()) {
    const group = join(logs, encodeURIComponent(logGroup));
    const streams = await Promise.all(
      (await readdir(group)).map((file) => readFile(join(group, file), "utf8")),
    );
    for (const line of streams.join("").split("\n").filter(Boolean)) {
      const { timestamp, message } = JSON.parse(line) as { timestamp: number; message: string };
      const milliseconds = Number(/^REPORT .*\tDuration: ([\d.]+) ms/.exec(message)?.[1]);
      if (timestamp < since || Number.isNaN(milliseconds)) continue;
      const name = fullName.replace("mirage-pages-prod-", "");
      runs.push({ name, milliseconds, memoryMb: memoryMiB, scratchMb: ephemeralMiB });
    }
  }
  return runs;
}

async function storedBytes(stack: TestStack): Promise<number> {
  const sizes = [stack.content, stack.state].map(async (bucket) => {
    const query = ["--query", "sum(Contents[].Size)", "--output", "text"];
    return Number(await stack.aws("s3api", "list-objects-v2", "--bucket", bucket, ...query));
  });
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}
