import type { Visit } from "../read/executions.ts";

const SETTLING = new Set(["begin settling", "settle", "settled?", "wait to settle"]);
const BUILDING = new Set(["start-build", "built?", "wait for build", "poll-build"]);

/** Where the time between the end of an upload and the live site went; all in seconds. */
export interface Timings {
  readonly total: number;
  readonly settle: number;
  readonly build: number;
  readonly boot: number;
  /** Everything but settling, building and booting. */
  readonly own: number;
  readonly states: Readonly<Record<string, number>>;
}

/**
 * Splits a deployment's time. What lies before `since` (the end of the upload, epoch milliseconds) is not
 * counted. Booting is from the launch until the look began that found the machine ready. Pure.
 */
export function timings(visits: readonly Visit[], since: number): Timings {
  const committed = visits.findLast(({ state }) => state === "commit")?.to ?? since;
  const spans = visits.map(({ state, from, to = committed }) => ({
    state,
    from: Math.max(from, since),
    to: Math.min(Math.max(to, since), committed),
  }));
  const lasting = (states: Set<string>) =>
    spans
      .filter(({ state }) => states.has(state))
      .reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
  const launched = spans.findLast(({ state }) => state === "launch-instance")?.to ?? committed;
  const ready = lookThatFound(visits.findLast(({ state }) => state === "probe")) ?? launched;
  const [total, settle, build, boot] = [
    committed - since,
    lasting(SETTLING),
    lasting(BUILDING),
    ready - launched,
  ];
  const states: Record<string, number> = {};
  for (const { state, from, to } of spans)
    states[state] = (states[state] ?? 0) + Math.max(0, to - from) / 1000;
  const own = total - settle - build - boot;
  return {
    total: seconds(total),
    settle: seconds(settle),
    build: seconds(build),
    boot: seconds(boot),
    own: seconds(own),
    states: Object.fromEntries(Object.entries(states).map(([state, time]) => [state, seconds(time * 1000)])),
  };
}

/** When the last look of a visit of `probe` began; epoch milliseconds. */
function lookThatFound(visit: Visit | undefined): number | undefined {
  if (visit?.output === undefined) return visit?.from;
  return Date.parse((JSON.parse(visit.output) as { probe: { lookedAt: string } }).probe.lookedAt);
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}
