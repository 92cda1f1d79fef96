import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { evaluate, type Statement } from "../../local/iam/evaluate.ts";
import { matches } from "../../local/iam/wildcards.ts";
import type roles from "../../stack/roles.cjs";
import { PARAMETERS, root } from "../kit/package.ts";
import { patternsFor, type Recorded } from "../kit/recording.ts";

/** A role as stack/roles.cjs writes it. */
export interface WrittenRole {
  /** As in the recording. */
  readonly parameters: string;
  /** As deployed in the tests: "mirage-pages-prod-plan-us-east-1". */
  readonly name: string;
  readonly statements: readonly Statement[];
  /** Why no call of the tests uses a statement, by its place among the statements. */
  readonly reasons: ReadonlyMap<number, string>;
}

/**
 * The roles of stack/roles.cjs for the tests' parameters and others beside them, given as JSON; each statement with
 * its reason if it has one.
 */
export async function writtenRoles(parameters = "{}"): Promise<WrittenRole[]> {
  const make = createRequire(import.meta.url)("../../stack/roles.cjs") as typeof roles;
  const yaml = await readFile(join(root, "serverless.yml"), "utf8");
  const { params } = parse(yaml, { logLevel: "silent" }) as { params: { default: Record<string, unknown> } };
  const values: Record<string, unknown> = {
    ...params.default,
    ...PARAMETERS,
    ...(JSON.parse(parameters) as Record<string, string>),
  };
  const { Resources } = await make({
    resolveVariable: async (variable) =>
      variable.startsWith("param:") ? values[variable.slice("param:".length)] : "mirage-pages-prod",
  });
  const written = Object.values(Resources).filter(({ Type }) => Type === "AWS::IAM::Role");
  return written.map(({ Properties }) => {
    const own = Properties.Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    const reasons = own.map((one, place) => [place, make.reasons.get(one)] as const);
    return {
      parameters,
      name: Properties.RoleName["Fn::Sub"].replace(`\${AWS::Region}`, "us-east-1"),
      statements: own.map((one) => ({ ...one })),
      reasons: new Map(reasons.filter((entry): entry is [number, string] => entry[1] !== undefined)),
    };
  });
}

/** What to do about the findings of an audit. */
export const ADVICE = `
stack/roles/ says what each role may do (statements are counted from 0, the role's log first).
- Refused: allow it there; where a test means it to be refused, start its TestStack with { recorded: false }.
- No test needs it: call it with this role in a test (TestStack.invoke), or take it out, or, as a last resort,
  write unseen("why no test can", allow(...)) there.
- A reason that is not true any more: take unseen(...) away.
- By another statement too: one of the two is too many, or too wide.`;

/**
 * What is wrong between the roles and the calls that the tests made with them, a sentence each: refused calls;
 * statements, or actions and resources of them, that no call used and that say no reason; reasons of statements
 * that are used; calls that stay allowed without the statement that allows them.
 */
export function audit(written: readonly WrittenRole[], calls: readonly Recorded[]): string[] {
  return [
    ...calls.filter(({ effect }) => effect !== "allow").map(refused),
    ...calls.flatMap(superfluous),
    ...written.flatMap((role) => role.statements.flatMap((_, place) => unused(role, place, calls, written))),
  ].filter((finding, i, all) => all.indexOf(finding) === i);
}

function refused({ role, question, effect }: Recorded): string {
  return `${role} was refused ${question.action} on ${question.resource} (${effect}).`;
}

/** A call that another statement allows as well: removing the one would not refuse it. */
function superfluous({ role, statements, question, statement }: Recorded): string[] {
  if (statement === undefined) return [];
  const rest = statements.filter((_, place) => place !== statement);
  if (evaluate([{ Statement: rest }], question).effect !== "allow") return [];
  const { action, resource } = question;
  return [`${role} may do ${action} on ${resource} by statement ${statement} and by another one too.`];
}

function unused(
  { name, statements, reasons }: WrittenRole,
  place: number,
  calls: readonly Recorded[],
  written: readonly WrittenRole[],
): string[] {
  const reason = reasons.get(place);
  const using = calls.filter((call) => {
    if (call.role !== name || call.statement === undefined) return false;
    // With other parameters a role may have further statements, so that this one stands elsewhere.
    const own = written.find((role) => role.name === name && role.parameters === call.parameters);
    return isDeepStrictEqual(own?.statements[call.statement], statements[place]);
  });
  if (reason !== undefined) {
    return using
      .slice(0, 1)
      .map(
        ({ question: { action, resource } }) =>
          `${name} says "${reason}" of statement ${place}, but a test uses ${action} on ${resource} by it.`,
      );
  }
  const { Action, Resource } = statements[place] ?? {};
  return [Action].flat().flatMap((action) =>
    [Resource].flat().flatMap((resource, pattern) => {
      const used = using.some(
        (call) =>
          matches(String(action).toLowerCase(), call.question.action.toLowerCase()) &&
          patternsFor(call.statements[call.statement ?? -1], call.question.resource).includes(pattern),
      );
      return used ? [] : [`${name}: no test needs ${action} on ${textOf(resource)} (statement ${place}).`];
    }),
  );
}

function textOf(resource: unknown): string {
  return typeof resource === "string" ? resource : Object.values(resource as object).join();
}
