import { accountId } from "../account.ts";
import { isObject } from "../wire/members.ts";
import { PolicyNotUnderstood } from "./errors.ts";
import { evaluate, type Question, type Statement, statementsOf, type Verdict } from "./evaluate.ts";

/** Who calls: a service of AWS by itself ("events.amazonaws.com"), a role or a user, or somebody without a name. */
export type Principal = { readonly service: string } | { readonly arn: string } | "anybody";

/**
 * Evaluates policies that lie on a resource, or say who may assume a role. Their statements name principals; one
 * without a Resource means what it lies on.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 * Throws PolicyNotUnderstood.
 */
export function evaluateFor(principal: Principal, documents: Iterable<unknown>, question: Question): Verdict {
  const statements = [...documents].flatMap(statementsOf).flatMap((statement) => {
    const { Principal: named, ...rest } = statement;
    return isNamed(named, principal, statement) ? [{ Resource: "*", ...rest }] : [];
  });
  return evaluate([{ Statement: statements }], question);
}

function isNamed(named: unknown, principal: Principal, { Effect }: Statement): boolean {
  if (named === "*") return true;
  if (!isObject(named))
    throw new PolicyNotUnderstood(`A policy on a resource names no Principal: ${JSON.stringify(named)}`);
  return Object.entries(named).some(([kind, value]) => {
    const names: unknown[] = [value].flat();
    if (kind === "Service") return isService(principal) && names.includes(principal.service);
    if (kind !== "AWS")
      throw new PolicyNotUnderstood(`The local cloud knows no principals of the kind ${kind}.`);
    if (names.includes("*")) return !isService(principal);
    if (isService(principal) || principal === "anybody") return false;
    // The account as a whole: a denial meets everyone in it, an allowance leaves it to each one's own policies.
    const account = [accountId, `arn:aws:iam::${accountId}:root`];
    return (
      names.includes(principal.arn) ||
      (Effect === "Deny" && names.some((one) => account.includes(String(one))))
    );
  });
}

function isService(principal: Principal): principal is { readonly service: string } {
  return typeof principal === "object" && "service" in principal;
}
