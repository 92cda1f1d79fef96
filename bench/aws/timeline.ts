import type { Visit } from "../../cli/read/executions.ts";
import { contracts } from "../../lib/contracts.ts";

/** Where a part's figure comes from: a setting, this run, a published or reported figure, or memory. */
type Origin = "set" | "recorded" | "reported" | "recalled";

export interface Part {
  readonly what: string;
  readonly seconds: number;
  readonly origin: Origin;
}

/** What AWS takes where the local cloud takes none; in seconds. */
export const AWS_SECONDS = {
  /** From S3 through EventBridge and the queue to content-changed: "usually within seconds". */
  event: 2,
  /** A function's start when none is warm, beside its import: a bundle with EC2, S3 and middy in 0.25 s in all. */
  coldStart: 0.25,
  /** From a state's end to the next one's beginning. */
  transition: 0.05,
  /** A 4 GiB disk took this long from the first block to completed; ours is a fraction of that. */
  snapshot: 18,
  register: 2,
  launch: 2,
  pendingToRunning: 16,
  moveAddress: 5,
} as const;

const SETTLING = new Set(["begin settling", "settle", "settled?", "wait to settle"]);

/** What a timeline is made of. */
export interface Recorded {
  readonly visits: readonly Visit[];
  readonly settleSeconds: number;
  /** How long the settling waited in the recording, in s: it is replaced by `settleSeconds`. */
  readonly recordedSettleSeconds: number;
  /** Power-on to the first answer, in s. */
  readonly bootSeconds: number;
}

/**
 * The time from the end of an upload until it is live on AWS, on paper: what our own code took in a recorded
 * deployment, and AWS's parts as they are known. Pure.
 */
export function timeline({ visits, settleSeconds, recordedSettleSeconds, bootSeconds }: Recorded): Part[] {
  const committed = visits.findIndex(({ state }) => state === "commit");
  const counted = visits.slice(0, committed + 1);
  const seconds = (wanted: (state: string) => boolean) =>
    counted
      .filter(({ state }) => wanted(state))
      .reduce((sum, { from, to = from }) => sum + (to - from) / 1000, 0);
  const functions = new Set(counted.map(({ state }) => state).filter((state) => state in contracts));
  const waits = new Set(["wait to settle", "wait for import", "wait for boot", "wait for address"]);
  const named = new Set([
    ...SETTLING,
    ...waits,
    "pack-site",
    "start-import",
    "poll-import",
    "probe",
    "probe-address",
  ]);
  const settling = seconds((state) => SETTLING.has(state)) - recordedSettleSeconds;
  return [
    { what: "the event reaches content-changed", seconds: AWS_SECONDS.event, origin: "reported" },
    { what: `settling: the bucket rests for ${settleSeconds} s`, seconds: settleSeconds, origin: "set" },
    { what: "settling: two listings", seconds: Math.max(0, settling), origin: "recorded" },
    { what: "packing", seconds: seconds((state) => state === "pack-site"), origin: "recorded" },
    { what: "writing the disk", seconds: seconds((state) => state === "start-import"), origin: "recorded" },
    { what: "the snapshot completes", seconds: AWS_SECONDS.snapshot, origin: "reported" },
    { what: "RegisterImage", seconds: AWS_SECONDS.register, origin: "recalled" },
    { what: "RunInstances", seconds: AWS_SECONDS.launch, origin: "recalled" },
    { what: "pending to running", seconds: AWS_SECONDS.pendingToRunning, origin: "reported" },
    { what: "booting, under software emulation", seconds: bootSeconds, origin: "recorded" },
    { what: "probing every path", seconds: seconds((state) => state === "probe"), origin: "recorded" },
    { what: "AssociateAddress", seconds: AWS_SECONDS.moveAddress, origin: "reported" },
    { what: "probing again", seconds: seconds((state) => state === "probe-address"), origin: "recorded" },
    { what: "our other functions", seconds: seconds((state) => !named.has(state)), origin: "recorded" },
    {
      what: `${functions.size} cold starts`,
      seconds: functions.size * AWS_SECONDS.coldStart,
      origin: "reported",
    },
    {
      what: `${counted.length} transitions`,
      seconds: counted.length * AWS_SECONDS.transition,
      origin: "recalled",
    },
  ];
}

/** The part that takes longest. Pure. */
export function longest(parts: readonly Part[]): Part | undefined {
  return parts.toSorted((a, b) => b.seconds - a.seconds)[0];
}

/** Looks for ten seconds and a wait of one: how many more rounds of three transitions a wait on AWS takes. Pure. */
export function extraTransitions(waits: readonly number[]): number {
  return waits.reduce((sum, seconds) => sum + 3 * Math.floor(seconds / 11), 0);
}
