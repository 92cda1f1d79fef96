/** Numbers, sizes and times as people read them. Pure. */

/** "1 file", "3 files". */
export function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Bytes as people read them, in powers of 1,000: "17 bytes", "1.5 KB". */
export function size(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB"];
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/** Seconds as people read them: "48 s", "3 min 5 s". */
export function seconds(all: number): string {
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}

/** What is left of a time: "20 days", "30 hours". */
export function hours(left: number): string {
  return left >= 48 ? counted(Math.floor(left / 24), "day") : counted(Math.floor(left), "hour");
}
