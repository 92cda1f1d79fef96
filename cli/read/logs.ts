import { paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import { BatchGetBuildsCommand } from "@aws-sdk/client-codebuild";
import { codebuild } from "../../lib/aws/codebuild-client.ts";
import { logs } from "../../lib/aws/logs-client.ts";
import { consoleOutput } from "../../lib/aws/machines.ts";
import { contracts } from "../../lib/contracts.ts";
import { consoleKey } from "../../lib/releases/object-keys.ts";
import type { Visit } from "./executions.ts";
import type { Source } from "./log-sources.ts";
import type { Site } from "./site.ts";

/** A line of one of a deployment's logs. */
export interface LogLine {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly source: Source;
  /** The state, the function, the build's phase log or the instance that wrote it. */
  readonly of: string;
  readonly text: string;
}

/** Lambda's own lines about a run, which say nothing of the deployment. */
const NOISE = /^(START|END|REPORT|INIT_START|EXTENSION) /;
/** CloudWatch's clock and Step Functions' are not the same to the millisecond. */
const SLACK_MS = 1_000;

/** All logs of an execution of the deploy machine, in time order. `wanted` names the sources that are asked. */
export async function logsOf(
  site: Pick<Site, "stack" | "store">,
  visits: readonly Visit[],
  wanted: readonly Source[],
): Promise<LogLine[]> {
  const readers: Readonly<Record<Source, () => Promise<LogLine[]>>> = {
    steps: async () =>
      visits
        .filter(({ state }) => isTask(state))
        .map(({ state, from }) => ({ at: from, source: "steps", of: state, text: "entered" })),
    functions: () => functionLines(site.stack, visits),
    build: () => buildLines(visits),
    machine: () => machineLines(site, visits),
  };
  const all = await Promise.all(wanted.map((source) => readers[source]()));
  return all.flat().sort((a, b) => a.at - b.at);
}

/** A function has the name of its state; choices and waits have none. */
function isTask(state: string): boolean {
  return Object.hasOwn(contracts, state);
}

async function functionLines(stack: string, visits: readonly Visit[]): Promise<LogLine[]> {
  const names = new Set(visits.map(({ state }) => state).filter(isTask));
  const each = await Promise.all(
    [...names].map(async (name): Promise<LogLine[]> => {
      const own = visits.filter(({ state }) => state === name);
      const spans = own.map(({ from, to = Date.now() }) => [from - SLACK_MS, to + SLACK_MS] as const);
      const lines = await events(`/aws/lambda/${stack}-${name}`, spans[0]?.[0], spans.at(-1)?.[1]);
      return lines
        .filter(({ at, text }) => !NOISE.test(text) && spans.some(([from, to]) => at >= from && at <= to))
        .map(({ at, text }) => ({ at, source: "functions", of: name, text: withoutPrefix(text) }));
    }),
  );
  return each.flat();
}

/** Lambda puts the time and the run's id before what a function printed. */
function withoutPrefix(text: string): string {
  return text.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\t(?:(INFO)|(\w+))\t/, (_, _info, level) =>
    level === undefined ? "" : `${level}: `,
  );
}

async function buildLines(visits: readonly Visit[]): Promise<LogLine[]> {
  const output = visits.findLast(({ state }) => state === "start-build")?.output;
  if (output === undefined || !visits.some(({ state }) => state === "poll-build")) return [];
  const { buildId } = (JSON.parse(output) as { build: { buildId?: string } }).build;
  if (buildId === undefined) return [];
  const { builds } = await codebuild().send(new BatchGetBuildsCommand({ ids: [buildId] }));
  const { groupName, streamName } = builds?.[0]?.logs ?? {};
  if (groupName === undefined || streamName === undefined) return [];
  const lines = await events(groupName, undefined, undefined, streamName);
  return lines.map(({ at, text }) => ({ at, source: "build", of: "build", text }));
}

async function events(
  logGroupName: string,
  startTime?: number,
  endTime?: number,
  stream?: string,
): Promise<{ at: number; text: string }[]> {
  const found: { at: number; text: string }[] = [];
  const query = {
    logGroupName,
    ...(startTime !== undefined && { startTime }),
    ...(endTime !== undefined && { endTime }),
    ...(stream !== undefined && { logStreamNames: [stream] }),
  };
  try {
    for await (const page of paginateFilterLogEvents({ client: logs() }, query)) {
      for (const { timestamp = 0, message = "" } of page.events ?? [])
        for (const text of message.trimEnd().split("\n")) found.push({ at: timestamp, text });
    }
  } catch (error) {
    // Nothing was ever written there, or it is older than logs are kept.
    if (!(error instanceof Error && error.name === "ResourceNotFoundException")) throw error;
  }
  return found;
}

/**
 * The consoles of the machines that an execution launched: what was kept of those that did not answer, else what EC2
 * has. A console knows no time; its lines count from the launch, by the kernel's own seconds.
 */
async function machineLines({ store }: Pick<Site, "store">, visits: readonly Visit[]): Promise<LogLine[]> {
  const launched = visits.filter(({ state, output }) => state === "launch-instance" && output !== undefined);
  const each = await Promise.all(
    launched.map(async ({ output = "", from }): Promise<LogLine[]> => {
      const { machine, plan } = JSON.parse(output) as {
        machine: { instanceId: string; attempt: number; launchedAt?: string };
        plan: { release: number };
      };
      const kept = await store.get(consoleKey(plan.release, machine.attempt));
      const text = kept?.body ?? (await consoleOutput(machine.instanceId));
      return consoleLines(text, machine.launchedAt === undefined ? from : Date.parse(machine.launchedAt)).map(
        (line) => ({ ...line, source: "machine", of: machine.instanceId }),
      );
    }),
  );
  return each.flat();
}

/** A console's lines with times: "[   12.345678]" is seconds after the start; a line without has its predecessor's. Pure. */
export function consoleLines(text: string, start: number): { at: number; text: string }[] {
  let at = start;
  return text
    .split(/\r*\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const seconds = /^\[\s*(\d+\.\d+)\]/.exec(line)?.[1];
      if (seconds !== undefined) at = Math.max(at, start + Number(seconds) * 1000);
      return { at, text: line };
    });
}
