import { createHash } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Question, type Statement, statementsOf, type Verdict } from "../../local/iam/evaluate.ts";
import type { Decision } from "../../local/iam/judge.ts";
import { matches } from "../../local/iam/wildcards.ts";

/** Names the folder into which a whole test run writes what the roles' policies decided; tests/run.ts sets it. */
export const RECORDING = "MIRAGE_PAGES_RECORDING";

/** A permission that some call of a role needed, and what came of it. */
export interface Recorded {
  /** The parameters that its stack was packaged with beside the tests' own, as JSON. */
  readonly parameters: string;
  /** The role's name, as "mirage-pages-prod-plan-us-east-1". */
  readonly role: string;
  /** The role's statements at that moment, the stack's names filled in. */
  readonly statements: readonly Statement[];
  readonly question: Question;
  readonly effect: Verdict["effect"];
  /** Which of the statements decided; undefined for an implicit deny. */
  readonly statement: number | undefined;
}

/** One line of a recording: the statements of a role, or a decision that names them by their digest. */
type Line =
  | { readonly digest: string; readonly statements: readonly Statement[] }
  | (Omit<Recorded, "statements"> & { readonly digest: string });

/** What this process has written: lines that say nothing new are left out. */
const written = new Set<string>();

/** Records decisions for the check after the whole test run; undefined when nobody asked for a recording. */
export function recorder(
  given: Readonly<Record<string, string>> = {},
): ((decision: Decision) => void) | undefined {
  const parameters = JSON.stringify(given);
  const folder = process.env[RECORDING];
  if (folder === undefined) return undefined;
  const write = (once: string, line: Line): void => {
    if (written.has(once)) return;
    written.add(once);
    appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify(line)}\n`);
  };
  return ({ role: arn, policies, question, verdict }) => {
    const role = arn.split("/").at(-1) ?? "";
    const statements = policies.flatMap(statementsOf);
    const digest = createHash("sha256").update(JSON.stringify(statements)).digest("hex").slice(0, 16);
    write(digest, { digest, statements });
    const statement = verdict.statement === undefined ? undefined : statements.indexOf(verdict.statement);
    const { effect } = verdict;
    // Of the calls that use the same part of a statement the first is enough.
    const { action, resource } = question;
    const what = effect === "allow" ? patternsFor(verdict.statement, resource).join() : resource;
    const line = { parameters, role, digest, question, effect, statement };
    write([parameters, role, effect, statement, action, what].join(" "), line);
  };
}

/** Which of a statement's resource patterns a resource is of. */
export function patternsFor(statement: Statement | undefined, resource: string): number[] {
  return [statement?.Resource].flat().flatMap((pattern, i) => (matches(String(pattern), resource) ? i : []));
}

/** What all processes of a test run recorded. */
export function readRecording(folder: string): Recorded[] {
  const lines = readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Line),
  );
  const byDigest = new Map(
    lines.flatMap((line) => ("statements" in line ? [[line.digest, line.statements] as const] : [])),
  );
  return lines.flatMap((line) => {
    if ("statements" in line) return [];
    const { digest, statement, ...recorded } = line;
    return [{ ...recorded, statement, statements: byDigest.get(digest) ?? [] }];
  });
}
