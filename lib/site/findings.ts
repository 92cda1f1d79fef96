import { showText } from "./show.ts";

/** Something in a site's own rules that is not done as it is written there. */
export interface Finding {
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
  /** What is not done and why, as a sentence. */
  readonly reason: string;
}

/**
 * Hands the lines of a rule file over, one by one, but empty ones and comments (`#`). A line at which `take` throws
 * a RangeError, or that is longer than this many characters, becomes a finding.
 */
export function eachRuleLine(
  { file, text, longest }: { readonly file: string; readonly text: string; readonly longest: number },
  take: (line: string, number: number) => void,
): Finding[] {
  const findings: Finding[] = [];
  for (const [i, raw] of text
    .replace(/^\u{feff}/u, "")
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    try {
      if (line.length > longest) throw new RangeError(`It is longer than ${longest} characters.`);
      take(line, i + 1);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      findings.push({ file, line: i + 1, reason: error.message });
    }
  }
  return findings;
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
