/**
 * A key in quotes for messages and logs: control, format (right-to-left marks and the like) and unpaired
 * surrogate characters as escapes, long keys cut in the middle.
 */
export function showKey(key: string, longest = 160): string {
  return escaped(JSON.stringify(shortened(key, longest)));
}

/** A sentence of ours with words of a site in it, on one visible line, cut in the middle where it is long. */
export function showText(text: string, longest = 400): string {
  return escaped(shortened(text.toWellFormed(), longest));
}

function shortened(text: string, longest: number): string {
  const points = Array.from(text);
  const half = Math.floor(longest / 2);
  return points.length <= longest ? text : [...points.slice(0, half), "…", ...points.slice(-half)].join("");
}

function escaped(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => {
    return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** Bytes as people read them: "17 bytes", "1.5 KiB", "2 GiB". Exact bytes follow where the unit hides them. */
export function showSize(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const rounded = Math.round(value * 10) / 10;
  return `${rounded} ${units[unit]}${rounded === value ? "" : ` (${bytes} bytes)`}`;
}
