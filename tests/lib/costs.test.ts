import assert from "node:assert/strict";
import { test } from "node:test";
import { costOf, prices, together, usageOfMonth, usageOfRuns } from "../../lib/costs.ts";

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} instead of ${expected}`);

test("every price has a unit, a source and an amount", () => {
  for (const [name, { usd, unit, source }] of Object.entries(prices)) {
    assert.ok(usd > 0 && usd <= 0.3, name);
    assert.ok(unit.length > 0 && source.length > 0, name);
  }
});

test("a usage costs the sum of its lines, the dearest first; what is not used is no line", () => {
  // By hand: 100 × $0.025 / 1,000 and 1,000 × $0.006 / 1,000.
  const { lines, usd } = costOf({ transition: 100, blockWrite: 1_000, s3Read: 0 });
  assert.deepEqual(
    lines.map(({ unit, quantity }) => [unit, quantity]),
    [
      ["PutSnapshotBlock", 1_000],
      ["state transition", 100],
    ],
  );
  near(usd, 0.006 + 0.0025);
  assert.deepEqual(costOf({}), { lines: [], usd: 0 });
});

test("a thousand transitions and a million requests cost what AWS prints", () => {
  near(costOf({ transition: 1_000 }).usd, 0.025);
  near(costOf({ invocation: 1_000_000 }).usd, 0.2);
  near(costOf({ s3Write: 1_000, s3Read: 1_000 }).usd, 0.0054);
});

test("runs are billed by started milliseconds, memory, and /tmp above 512 MB", () => {
  const usage = usageOfRuns([
    { milliseconds: 999.2, memoryMb: 1024 },
    { milliseconds: 500, memoryMb: 256 },
    { milliseconds: 2_000, memoryMb: 512, scratchMb: 4096 },
  ]);
  assert.equal(usage.invocation, 3);
  near(usage.computeGbSecond ?? 0, 1 + 0.125 + 1);
  near(usage.scratchGbSecond ?? 0, 2 * 3.5);
});

test("usages are added unit by unit", () => {
  assert.deepEqual(together({ transition: 2, event: 1 }, { transition: 3 }, {}), { transition: 5, event: 1 });
});

test("a month counts every machine's volume and snapshot, and reconcile's 8,760 looks", () => {
  const usage = usageOfMonth({
    volumeGiB: 1,
    diskBytes: 2 ** 29,
    keptReleases: 3,
    storedBytes: 2 ** 30,
    alarms: 3,
    metrics: 1,
    reconcile: { invocation: 1, s3Write: 2 },
  });
  assert.deepEqual(usage, {
    invocation: 8_760,
    s3Write: 17_520,
    nanoHour: 730,
    addressHour: 730,
    volumeGbMonth: 4,
    snapshotGbMonth: 2,
    s3GbMonth: 1,
    alarmMonth: 3,
    metricMonth: 1,
    queueRequest: 657_000,
  });
  // By hand: 3.796 + 3.65 + 0.32 + 0.1 + 0.023 + 0.3 + 0.3 + 0.001752 + 0.0876 + 0.2628
  near(costOf(usage).usd, 8.841152);
});
