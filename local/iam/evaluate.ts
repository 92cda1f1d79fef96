import { isObject } from "../wire/members.ts";
import { type Context, conditionsHold } from "./conditions.ts";
import { PolicyNotUnderstood } from "./errors.ts";
import { matches } from "./wildcards.ts";

/** What IAM is asked: may this action be done to this resource? */
export interface Question {
  /** "ec2:RunInstances" */
  readonly action: string;
  /** The resource's ARN; "*" for actions that know no resources. */
  readonly resource: string;
  /** Condition keys and their values. Undefined: the resource is not there, its conditions count as met. */
  readonly context: Context | undefined;
}

/** A statement of a policy, as the template writes it. */
export type Statement = Readonly<Record<string, unknown>>;

/** The answer, and the statement that gave it: none for an implicit deny. */
export interface Verdict {
  readonly effect: "allow" | "explicit deny" | "implicit deny";
  readonly statement?: Statement;
}

/**
 * Evaluates identity-based policies: an explicit deny wins, else one statement must allow, else the answer is
 * no. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 * Throws PolicyNotUnderstood.
 */
export function evaluate(documents: Iterable<unknown>, question: Question): Verdict {
  let allowed: Statement | undefined;
  for (const statement of [...documents].flatMap(statementsOf)) {
    if (!applies(statement, question)) continue;
    if (statement.Effect === "Deny") return { effect: "explicit deny", statement };
    allowed ??= statement;
  }
  return allowed === undefined ? { effect: "implicit deny" } : { effect: "allow", statement: allowed };
}

/** The statements of a policy document; a single one may stand without a list. Throws PolicyNotUnderstood. */
export function statementsOf(document: unknown): Statement[] {
  const body = isObject(document) ? document.Statement : undefined;
  const statements = Array.isArray(body) ? body : [body];
  return statements.map((statement: unknown) => {
    if (isObject(statement) && (statement.Effect === "Allow" || statement.Effect === "Deny"))
      return statement;
    throw new PolicyNotUnderstood(
      `A policy needs statements that Allow or Deny: ${JSON.stringify(statement)}`,
    );
  });
}

function applies(statement: Statement, { action, resource, context }: Question): boolean {
  const known = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
  const strange = Object.keys(statement).find((name) => !known.includes(name));
  if (strange !== undefined)
    throw new PolicyNotUnderstood(`A role's policy has no element "${strange}" in its statements.`);
  const { Action, NotAction, Resource, NotResource, Condition } = statement;
  return (
    listed(Action, NotAction, "Action", (pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
    listed(Resource, NotResource, "Resource", (pattern) => matches(pattern, resource)) &&
    (context === undefined || conditionsHold(Condition, context))
  );
}

function listed(is: unknown, isNot: unknown, name: string, match: (pattern: string) => boolean): boolean {
  if ((is === undefined) === (isNot === undefined))
    throw new PolicyNotUnderstood(`A statement needs either ${name} or Not${name}.`);
  return is === undefined ? !patterns(isNot).some(match) : patterns(is).some(match);
}

function patterns(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map((pattern: unknown) => {
    if (typeof pattern === "string" && !pattern.includes("${")) return pattern;
    throw new PolicyNotUnderstood(`The local cloud knows no such pattern: ${JSON.stringify(pattern)}`);
  });
}
