import { styleText } from "node:util";

/** Text in lines of at most `width` characters, broken between words; longer words stand alone. Pure. */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    for (const word of paragraph.split(" ")) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= width)
        lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    return lines;
  });
}

/** The width of the terminal that standard output is; undefined when it is none, and lines stay whole. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

/** Prints text, in a terminal broken between words. */
export function print(text: string): void {
  const width = terminalWidth();
  console.log(width === undefined ? text : wrap(text, width).join("\n"));
}

/** Colours text where standard output shows colours (a terminal, NO_COLOR not set). */
export function coloured(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

/** A time as people read it: "2026-01-31 12:00:00 UTC". Pure. */
export function timeText(time: string): string {
  return time.replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

const UNITS = ["bytes", "KB", "MB", "GB"] as const;

/** A size as people read it, in powers of 1,000. Pure. */
export function sizeText(bytes: number): string {
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[step]}`;
}
