import type { LogLine } from "../read/logs.ts";
import { coloured } from "./text.ts";

const COLOURS = { steps: "cyan", functions: "dim", build: "yellow", machine: "magenta" } as const;

/** "08:10:17.268  settle  {…}": the time in UTC, who wrote it, and what. Pure, but for colours. */
export function logLine({ at, source, of, text }: LogLine): string {
  const time = new Date(at).toISOString().slice(11, 23);
  const who = of.padEnd(16);
  return `${coloured("dim", time)}  ${coloured(COLOURS[source], who)}  ${source === "steps" ? coloured("cyan", "▸") : visible(text)}`;
}

/** What a machine or a build writes may hold control characters, which a terminal would obey. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
}
