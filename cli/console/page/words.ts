/** Numbers and times as people read them. Pure. */

export function seconds(value: number): string {
  if (value >= 90) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}

/** "23,950", "0.02": whole from ten on. */
export function amount(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : 0 });
}

export function count(number: number, one: string): string {
  return `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
}

/** "3 min ago", "in 12 days". */
export function relative(time: string, now: number): string {
  const away = (Date.parse(time) - now) / 1000;
  const size = Math.abs(away);
  const [value, unit] =
    size < 45
      ? [Math.round(size), "s"]
      : size < 5_400
        ? [Math.round(size / 60), "min"]
        : size < 129_600
          ? [Math.round(size / 3600), "h"]
          : [Math.round(size / 86_400), "days"];
  if (size < 5) return "just now";
  return away < 0 ? `${value} ${unit} ago` : `in ${value} ${unit}`;
}

const moment = new Intl.DateTimeFormat("sv", {
  dateStyle: "short",
  timeStyle: "medium",
});
const day = new Intl.DateTimeFormat("sv", { dateStyle: "short" });

/** "2026-01-31 12:00:00", on the reader's clock. */
export const exact = (time: string) => moment.format(new Date(time));
export const date = (time: string) => day.format(new Date(time));
export const dollars = (usd: number) => `$${usd.toFixed(2)}`;
