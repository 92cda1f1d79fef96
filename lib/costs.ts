/**
 * What the stack costs, as arithmetic on prices: US dollars in us-east-1, without tax, free tiers and traffic
 * to visitors. Looked up in stored copies of public pages in November 2026; "recalled" marks a price that none
 * of them showed.
 */
interface Price {
  readonly usd: number;
  readonly unit: string;
  readonly source: string;
}

const LAMBDA = "aws.amazon.com/lambda/pricing, as cited by cloudchipr.com/blog/aws-lambda-pricing";
const S3 =
  "aws.amazon.com/s3/pricing, as cited by devnotes.tech (S3 pricing) and cloudburn.io/blog/amazon-s3-pricing";

export const prices = {
  transition: { usd: 0.025e-3, unit: "state transition", source: "aws.amazon.com/step-functions/pricing" },
  invocation: { usd: 0.2e-6, unit: "Lambda request", source: LAMBDA },
  computeGbSecond: { usd: 0.0000133334, unit: "GB-second of Lambda (arm64)", source: LAMBDA },
  scratchGbSecond: { usd: 0.0000000309, unit: "GB-second of /tmp above 512 MB", source: "recalled" },
  s3Write: { usd: 0.005e-3, unit: "S3 PUT, POST, COPY or LIST", source: S3 },
  s3Read: { usd: 0.0004e-3, unit: "S3 GET or HEAD", source: S3 },
  s3GbMonth: { usd: 0.023, unit: "GB-month in S3", source: S3 },
  blockWrite: {
    usd: 0.006e-3,
    unit: "PutSnapshotBlock",
    source: "docs.aws.amazon.com/ebs/latest/userguide/ebsapi-pricing.html (its example)",
  },
  snapshotGbMonth: { usd: 0.05, unit: "GB-month of snapshot", source: "recalled" },
  volumeGbMonth: { usd: 0.08, unit: "GB-month of gp3 volume", source: "recalled" },
  nanoHour: { usd: 0.0052, unit: "hour of a t3.nano", source: "recalled" },
  addressHour: {
    usd: 0.005,
    unit: "hour of a public IPv4 address",
    source: "the announcement for 2024-02-01, as cited by doit.com and techpartner.news",
  },
  queueRequest: { usd: 0.4e-6, unit: "SQS request", source: "recalled" },
  event: {
    usd: 1e-6,
    unit: "EventBridge event of S3",
    source: "recalled; some pages say that events of AWS services are free",
  },
  alarmMonth: { usd: 0.1, unit: "CloudWatch alarm a month", source: "recalled" },
  metricMonth: { usd: 0.3, unit: "CloudWatch metric of our own a month", source: "recalled" },
} as const satisfies Record<string, Price>;

/** How much of each priced unit is used. */
export type Usage = Readonly<Partial<Record<keyof typeof prices, number>>>;

export interface CostLine {
  readonly unit: string;
  readonly quantity: number;
  readonly usd: number;
}

/** What a usage costs: one line for each unit of it, the dearest first, and the sum in US dollars. Pure. */
export function costOf(usage: Usage): { readonly lines: readonly CostLine[]; readonly usd: number } {
  const names = Object.keys(prices) as (keyof typeof prices)[];
  const lines = names
    .map((name) => ({ unit: prices[name].unit, quantity: usage[name] ?? 0, price: prices[name].usd }))
    .filter(({ quantity }) => quantity > 0)
    .map(({ unit, quantity, price }) => ({ unit, quantity, usd: quantity * price }))
    .sort((a, b) => b.usd - a.usd);
  return { lines, usd: lines.reduce((sum, { usd }) => sum + usd, 0) };
}

/** Adds usages up. Pure. */
export function together(...usages: readonly Usage[]): Usage {
  const sum: Partial<Record<keyof typeof prices, number>> = {};
  for (const usage of usages) {
    for (const [name, quantity] of Object.entries(usage) as [keyof typeof prices, number][])
      sum[name] = (sum[name] ?? 0) + quantity;
  }
  return sum;
}

/** A Lambda run; `scratchMb` is the size of /tmp, of which 512 MB are free. */
export interface Run {
  readonly milliseconds: number;
  readonly memoryMb: number;
  readonly scratchMb?: number;
}

/** The memory at which a function has one whole processor, in MB (AWS's documentation of Lambda's memory). */
export const WHOLE_PROCESSOR_MB = 1769;

/** What Lambda charges for runs. Pure. */
export function usageOfRuns(runs: readonly Run[]): Usage {
  let computeGbSecond = 0;
  let scratchGbSecond = 0;
  for (const { milliseconds, memoryMb, scratchMb = 512 } of runs) {
    const seconds = Math.ceil(milliseconds) / 1000;
    computeGbSecond += (seconds * memoryMb) / 1024;
    scratchGbSecond += (seconds * Math.max(0, scratchMb - 512)) / 1024;
  }
  return { invocation: runs.length, computeGbSecond, scratchGbSecond };
}

const HOURS_OF_MONTH = 730;
/** How often Lambda asks an empty queue in a month: five pollers, 20 s each time (recalled). */
const QUEUE_LOOKS = (5 * HOURS_OF_MONTH * 3600) / 20;
const GB = 2 ** 30;

/** What stands still, month after month. */
export interface Standing {
  /** Size of one machine's volume, in GiB. */
  readonly volumeGiB: number;
  /** What was written of one disk: its snapshot's size, in bytes. */
  readonly diskBytes: number;
  /** Releases kept for rollback beside the live one: each has a stopped machine, its volume and its snapshot. */
  readonly keptReleases: number;
  /** All that lies in both buckets, old versions included, in bytes. */
  readonly storedBytes: number;
  readonly alarms: number;
  /** Metrics that the functions tell (lib/metrics.ts). */
  readonly metrics: number;
  /** One run of reconcile, which comes every five minutes. */
  readonly reconcile: Usage;
}

/** What a stack on a t3.nano uses in a month without any deployment. Pure. */
export function usageOfMonth(standing: Standing): Usage {
  const machines = 1 + standing.keptReleases;
  const looks = HOURS_OF_MONTH * 12;
  const reconcile = Object.fromEntries(
    Object.entries(standing.reconcile).map(([name, quantity]) => [name, quantity * looks]),
  ) as Usage;
  return together(reconcile, {
    nanoHour: HOURS_OF_MONTH,
    addressHour: HOURS_OF_MONTH,
    volumeGbMonth: machines * standing.volumeGiB,
    snapshotGbMonth: (machines * standing.diskBytes) / GB,
    s3GbMonth: standing.storedBytes / GB,
    alarmMonth: standing.alarms,
    metricMonth: standing.metrics,
    queueRequest: QUEUE_LOOKS,
  });
}

/**
 * One run of reconcile and one content deployment of the example site (30 files, 1.2 MB), as `npm run bench:aws`
 * recorded them in November 2026 on a busy machine; Lambda's share is the most that it can be.
 */
export const recorded = {
  reconcile: { invocation: 1, computeGbSecond: 1.71, s3Write: 4, s3Read: 15 },
  deployment: {
    transition: 45,
    invocation: 21,
    computeGbSecond: 21.7,
    blockWrite: 42,
    s3Write: 33,
    s3Read: 54,
  },
} as const satisfies Record<string, Usage>;
