/** An expression that says when a schedule fires. */
export class InvalidSchedule extends Error {
  override readonly name = "InvalidSchedule";

  constructor(expression: string) {
    super(
      `"${expression}" is no schedule expression: use rate(5 minutes), cron(0 3 * * ? *) or at(2026-01-31T12:00:00).`,
    );
  }
}

const unitMilliseconds: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * When a schedule fires next after a moment; undefined when never again. Times are milliseconds since 1970, in UTC.
 * `rate` counts from `start`. Throws InvalidSchedule.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function nextRun(expression: string, start: number, after: number): number | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate !== null) {
    const period = Number(rate[1]) * (unitMilliseconds[rate[2] ?? ""] ?? 0);
    return start + (Math.floor((after - start) / period) + 1) * period;
  }
  const at = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression);
  if (at !== null) {
    const moment = Date.parse(`${at[1] ?? ""}Z`);
    return moment > after ? moment : undefined;
  }
  const cron = /^cron\((.+)\)$/.exec(expression);
  const fields = cron?.[1]?.trim().split(/\s+/) ?? [];
  if (fields.length !== 6) throw new InvalidSchedule(expression);
  return nextCron(fields, after, expression);
}

const months = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const days = "SUN MON TUE WED THU FRI SAT".split(" ");

function nextCron(fields: readonly string[], after: number, expression: string): number | undefined {
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = "", year = ""] = fields;
  const minutes = parseField(minute, 0, 59, [], expression);
  const hours = parseField(hour, 0, 23, [], expression);
  const wantedMonths = parseField(month, 1, 12, ["", ...months], expression);
  const weekDays = parseField(dayOfWeek, 1, 7, ["", ...days], expression);
  const years = parseField(year, 1970, 2199, [], expression);
  const first = new Date(Math.floor(after / 60_000) * 60_000 + 60_000);
  // A day at a time: 30 years are 11,000 steps, and every satisfiable expression fires within 28.
  for (let day = 0; day < 11_000; day += 1) {
    const date = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate() + day));
    if (!years.has(date.getUTCFullYear()) || !wantedMonths.has(date.getUTCMonth() + 1)) continue;
    if (!weekDays.has(date.getUTCDay() + 1) || !dayMatches(dayOfMonth, date, expression)) continue;
    for (const h of [...hours].sort((a, b) => a - b)) {
      for (const m of [...minutes].sort((a, b) => a - b)) {
        const moment = date.getTime() + h * 3_600_000 + m * 60_000;
        if (moment >= first.getTime()) return moment;
      }
    }
  }
  return undefined;
}

function dayMatches(field: string, date: Date, expression: string): boolean {
  if (field === "L") return new Date(date.getTime() + 86_400_000).getUTCDate() === 1;
  return parseField(field, 1, 31, [], expression).has(date.getUTCDate());
}

function parseField(
  field: string,
  low: number,
  high: number,
  names: readonly string[],
  expression: string,
): Set<number> {
  const values = new Set<number>();
  const number = (text: string): number => {
    const named = names.indexOf(text.toUpperCase());
    const value = named > 0 ? named : Number(text);
    if (!Number.isInteger(value) || value < low || value > high) throw new InvalidSchedule(expression);
    return value;
  };
  for (const part of field.split(",")) {
    const [range = "", step] = part.split("/");
    const any = range === "*" || range === "?";
    const [from = "", to] = range.split("-");
    const start = any ? low : number(from);
    const end = any || (to === undefined && step !== undefined) ? high : number(to ?? from);
    const stride = step === undefined ? 1 : Number(step);
    if (!Number.isInteger(stride) || stride < 1) throw new InvalidSchedule(expression);
    for (let value = start; value <= end; value += stride) values.add(value);
  }
  return values;
}
