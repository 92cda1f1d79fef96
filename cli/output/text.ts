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

/**
 * Help whose lines were broken for another width, broken anew: lines that follow each other are one paragraph, but for
 * those that begin with a space or follow a heading. Commands stay whole, to be copied. Pure.
 */
export function reflowed(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  const goesOn = /(?<=[^\n:])\n(?=[^\s])/g;
  return text
    .replace(goesOn, " ")
    .split("\n")
    .map((line) => {
      if (line.length <= width) return line;
      if (!line.startsWith(" ")) return wrap(line, width).join("\n");
      return line.startsWith("  mirage-pages") ? line : wrap(line, width - 4).join("\n    ");
    })
    .join("\n");
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

/** Subjects, each with a text behind its label; those without a text are left out. Pure, but for colours. */
export function labelled(
  subjects: readonly (readonly [label: string, text: string | undefined])[],
  column: number,
  width: number | undefined,
): string[] {
  const room = Math.max((width ?? Number.POSITIVE_INFINITY) - column, 20);
  return subjects.flatMap(([label, text]) =>
    text === undefined
      ? []
      : wrap(text, room).map((line, at) => coloured("bold", (at === 0 ? label : "").padEnd(column)) + line),
  );
}
