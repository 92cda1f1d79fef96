import { counted } from "../../lib/words.ts";
import type { Told } from "../doctor/finding.ts";
import { coloured, wrap } from "./text.ts";

const marks = {
  ok: coloured("green", "✓"),
  warning: coloured("yellow", "!"),
  problem: coloured("red", "✗"),
} as const;

const NARROW = 60;

/**
 * Findings as lines, each check's name in front of its own; in a narrow terminal above them.
 */
export function findingLines(findings: readonly Told[], width: number | undefined): string[] {
  const longest = Math.max(...findings.map(({ check }) => check.length));
  const narrow = width !== undefined && width < NARROW;
  const indent = narrow ? 4 : longest + 6;
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(width - indent, 16);
  return findings.flatMap(({ check, status, text, todo }, index) => {
    const label = findings[index - 1]?.check === check ? "" : check;
    const block = [...wrap(text, room), ...(todo === undefined ? [] : arrow(todo, room))];
    const margin = " ".repeat(indent);
    if (narrow) {
      const heading = label === "" ? [] : [coloured("bold", label)];
      return [
        ...heading,
        ...block.map((line, at) => (at === 0 ? `  ${marks[status]} ${line}` : margin + line)),
      ];
    }
    const name = coloured("bold", label.padEnd(longest));
    return block.map((line, at) => (at === 0 ? `  ${marks[status]} ${name}  ${line}` : margin + line));
  });
}

function arrow(todo: string, room: number): string[] {
  return wrap(todo, room - 2).map((line, at) => (at === 0 ? `→ ${line}` : `  ${line}`));
}

/** "2 problems, 1 warning, 14 in order" */
export function summary(findings: readonly Told[]): string {
  const count = (wanted: Told["status"]) => findings.filter(({ status }) => status === wanted).length;
  const some = (number: number, word: string) => (number === 0 ? [] : [counted(number, word)]);
  return [
    ...some(count("problem"), "problem"),
    ...some(count("warning"), "warning"),
    `${count("ok")} in order`,
  ].join(", ");
}
