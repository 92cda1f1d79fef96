import { showText } from "./show.ts";

/** Something in a site's own rules that is not done as it is written there. */
export interface Finding {
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
  /** What is not done and why, as a sentence. */
  readonly reason: string;
}

/** Findings kept with a release: more say the same again, and records stay small. */
const shown = 50;

/** Findings as lines for people, the first ones of many. */
export function showFindings(findings: readonly Finding[]): string[] {
  const lines = findings
    .slice(0, shown)
    .map(({ file, line, reason }) => `${file} line ${line}: ${showText(reason)}`);
  const more = findings.length - shown;
  return more > 0 ? [...lines, `… and ${more} more`] : lines;
}
