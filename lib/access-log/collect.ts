import * as z from "zod";
import { ConditionFailed, getJson, type ObjectStore, putJson } from "../objects.ts";
import { padded } from "../releases/object-keys.ts";
import { type Counters, countersSchema, type Report } from "./report.ts";

/** Answers that are taken of one machine in one run: 32 MiB, four times what it holds. */
const MOST_ANSWERS = 64;

/** How far the log of a release's machine is kept: `cursors/access-log/<release>.json`. */
const cursorSchema = z.object({
  boot: z.string(),
  last: z.int().nonnegative(),
  /** As they were then. */
  counters: countersSchema,
  at: z.iso.datetime(),
  /** The lines that moved it here, and the object that they belong into, which may not be there yet. */
  batch: z.object({ key: z.string(), text: z.string() }).optional(),
});
export type Cursor = z.infer<typeof cursorSchema>;

const cursorKey = (release: number) => `cursors/access-log/${padded(release)}.json`;

/** What a run has added. */
export interface Collected {
  readonly lines: number;
  /** Lines that the machine had to forget before anybody kept them. */
  readonly lost: number;
  /** What happened between the last run and this one. */
  readonly counted: Omit<Counters, "uptime">;
}

const NOTHING: Collected = {
  lines: 0,
  lost: 0,
  counted: {
    ...{ requests: 0, bytes: 0, notModified: 0, connections: 0, handshakeFailures: 0 },
    responses: { "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 },
  },
};

/**
 * Keeps what a machine has logged since the last time. A line is kept once, whoever dies or runs beside: what moves
 * the cursor holds the lines, and is written only by who read the version before it; their object is made of it, by
 * this run or the next; and the machine forgets lines only when the cursor is past them. A run that finds its cursor
 * moved by another one leaves the rest to that one.
 */
export async function collect(
  store: ObjectStore,
  release: number,
  fetch: (kept: Cursor | undefined) => Promise<Report>,
): Promise<Collected> {
  let collected = NOTHING;
  for (let answers = 0; answers < MOST_ANSWERS; answers++) {
    const before = await getJson(store, cursorKey(release), cursorSchema);
    if (before !== undefined) await keepBatch(store, before.value);
    const report = await fetch(before?.value);
    const earlier = before?.value.boot === report.boot ? before.value : undefined;
    const cursor = cursorAfter(release, earlier, report);
    try {
      const condition = before === undefined ? ({ absent: true } as const) : { etag: before.etag };
      await putJson(store, cursorKey(release), cursor, condition);
    } catch (error) {
      if (error instanceof ConditionFailed) return collected;
      throw error;
    }
    await keepBatch(store, cursor);
    const past = earlier?.last ?? 0;
    const lost = Math.max(0, report.first - past - 1);
    collected = {
      lines: collected.lines + cursor.last - past - lost,
      lost: collected.lost + lost,
      counted: combine(collected.counted, combine(cursor.counters, earlier?.counters, -1)),
    };
    if (cursor.last >= report.newest) break;
  }
  return collected;
}

/** Where the cursor stands when the lines of a report are kept. */
function cursorAfter(release: number, earlier: Cursor | undefined, report: Report): Cursor {
  const { boot, uptime, requests, bytes, responses, notModified, connections, handshakeFailures } = report;
  const counters = { uptime, requests, bytes, responses, notModified, connections, handshakeFailures };
  const past = earlier?.last ?? 0;
  const cursor = { boot, last: Math.max(past, report.last), counters, at: new Date().toISOString() };
  const lines = report.lines.slice(Math.max(0, past + 1 - report.first));
  const [line] = lines;
  if (line === undefined) return cursor;
  const first = String(report.last - lines.length + 1).padStart(12, "0");
  const key = `access-logs/${dayOf(line)}/${padded(release)}-${boot}-${first}.log`;
  return { ...cursor, batch: { key, text: `${lines.join("\n")}\n` } };
}

/** Writes the object of the lines that moved the cursor, unless it is there. */
async function keepBatch(store: ObjectStore, { batch }: Cursor): Promise<void> {
  if (batch !== undefined && (await store.get(batch.key)) === undefined)
    await store.put(batch.key, batch.text);
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The day of a line as a path, such as 2026/11/23. */
function dayOf(line: string): string {
  const [, day = "", month = "", year = ""] = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):/.exec(line) ?? [];
  const number = MONTHS.indexOf(month) + 1;
  return number === 0 ? "undated" : `${year}/${String(number).padStart(2, "0")}/${day}`;
}

type Counted = Collected["counted"];

/** The sum of two counts, or their difference. */
function combine(one: Counted, other: Counted | undefined, sign: 1 | -1 = 1): Counted {
  if (other === undefined) return one;
  const sum = <K extends string>(a: Readonly<Record<K, number>>, b: Readonly<Record<K, number>>, key: K) =>
    a[key] + sign * b[key];
  return {
    requests: sum(one, other, "requests"),
    bytes: sum(one, other, "bytes"),
    responses: {
      "2xx": sum(one.responses, other.responses, "2xx"),
      "3xx": sum(one.responses, other.responses, "3xx"),
      "4xx": sum(one.responses, other.responses, "4xx"),
      "5xx": sum(one.responses, other.responses, "5xx"),
    },
    notModified: sum(one, other, "notModified"),
    connections: sum(one, other, "connections"),
    handshakeFailures: sum(one, other, "handshakeFailures"),
  };
}
