import {
  costOf,
  together,
  type Usage,
  usageOfMonth,
  usageOfRuns,
  WHOLE_PROCESSOR_MB,
} from "../../lib/costs.ts";
import { readPackaged } from "../../tests/stack/packaged.ts";
import { type RecordedRun, record } from "./recording.ts";
import { AWS_SECONDS, extraTransitions, longest, timeline } from "./timeline.ts";

/** The stack's defaults; the recording itself settles for one second. */
const SETTLE_SECONDS = 5;
const RECORDED_SETTLE_SECONDS = 1;
const KEPT_RELEASES = 3;
/** CertificateHoursLeft. */
const METRICS = 1;
/** `npm run bench`: power-on to the first 200 under QEMU's software emulation. */
const BOOT_SECONDS = 8.1;

const cents = (usd: number) => (100 * usd).toFixed(4);

/** Records a content deployment: its transitions, what it costs, what a month costs, and its time on paper. */
export async function deployment(folder: string): Promise<void> {
  const recording = await record(folder);
  const { archive } = recording.release;
  const waits = [AWS_SECONDS.snapshot, AWS_SECONDS.pendingToRunning + BOOT_SECONDS];
  const more = extraTransitions(waits);
  console.log(
    `Site: ${archive?.files} files, ${archive?.siteBytes} bytes; ${recording.calls.blockWrite} blocks written.`,
  );
  console.log(
    `State transitions recorded: ${recording.transitions}; on AWS's times ${recording.transitions + more} (aim 100).`,
  );

  const usage = together(
    recording.calls,
    usageOfRuns([...recording.runs.map(asIfAllWereWork), ...waitingRuns(waits)]),
    { transition: recording.transitions + more },
  );
  const cost = costOf(usage);
  print(usage);
  console.log(`A content deployment: ${cents(cost.usd)} US cents (aim 1).`);

  const month = usageOfMonth({
    volumeGiB: 1,
    diskBytes: (recording.calls.blockWrite ?? 0) * 512 * 1024,
    keptReleases: KEPT_RELEASES,
    storedBytes: recording.storedBytes,
    alarms: await countAlarms(),
    metrics: METRICS,
    reconcile: together(recording.reconcile, usageOfRuns([asIfAllWereWork(recording.reconcileRun)])),
  });
  print(month);
  console.log(`A month without deployments: ${costOf(month).usd.toFixed(2)} US dollars.`);

  const parts = timeline({
    visits: recording.visits,
    settleSeconds: SETTLE_SECONDS,
    recordedSettleSeconds: RECORDED_SETTLE_SECONDS,
    bootSeconds: BOOT_SECONDS,
  });
  console.log("\n| from the end of the upload to live | s | figure |\n| --- | --- | --- |");
  for (const { what, seconds, origin } of parts)
    console.log(`| ${what} | ${seconds.toFixed(2)} | ${origin} |`);
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`| together | ${total.toFixed(1)} | |\nThe limit: ${longest(parts)?.what}.`);
}

async function countAlarms(): Promise<number> {
  const { resources } = await readPackaged();
  return [...resources.values()].filter(({ Type }) => Type === "AWS::CloudWatch::Alarm").length;
}

function print(usage: Usage): void {
  console.log("\n| unit | quantity | US cents |\n| --- | --- | --- |");
  for (const { unit, quantity, usd } of costOf(usage).lines)
    console.log(`| ${unit} | ${Number(quantity.toPrecision(4))} | ${cents(usd)} |`);
}

/**
 * A small function has a fraction of a processor on AWS; here it had a whole one. Counted as if all its time
 * were work, which it is not: the most that it can cost.
 */
function asIfAllWereWork(run: RecordedRun): RecordedRun {
  const slowdown = Math.max(1, WHOLE_PROCESSOR_MB / run.memoryMb);
  return { ...run, milliseconds: run.milliseconds * slowdown };
}

/** The time that poll-import and probe spend waiting on AWS, for things that take no time here. */
function waitingRuns([snapshot = 0, boot = 0]: readonly number[]): RecordedRun[] {
  return [
    { name: "poll-import", milliseconds: snapshot * 1000, memoryMb: 256 },
    { name: "probe", milliseconds: boot * 1000, memoryMb: 512 },
  ];
}
