import { isObject } from "../wire/members.ts";
import { PolicyNotUnderstood } from "./errors.ts";
import { arnMatches, matches } from "./wildcards.ts";

/** Condition keys of a request with their values; what is not there is absent. */
export type Context = Readonly<Record<string, readonly string[]>>;

type Compare = (wanted: string, given: string) => boolean;

const positive: Readonly<Record<string, Compare>> = {
  StringEquals: (wanted, given) => wanted === given,
  StringEqualsIgnoreCase: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
  StringLike: matches,
  ArnEquals: arnMatches,
  ArnLike: arnMatches,
  Bool: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
};

const negated: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
};

/**
 * Whether all conditions of a statement hold. An absent key fails a positive operator, meets a negated one, one
 * with IfExists and ForAllValues, and fails ForAnyValue.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 * Throws PolicyNotUnderstood for an operator that is none.
 */
export function conditionsHold(condition: unknown, context: Context): boolean {
  if (condition === undefined) return true;
  if (!isObject(condition)) throw new PolicyNotUnderstood("A statement's Condition is not an object.");
  const values = new Map(Object.entries(context).map(([key, given]) => [key.toLowerCase(), given]));
  return Object.entries(condition).every(([operator, keys]) => {
    if (!isObject(keys)) throw new PolicyNotUnderstood(`The condition ${operator} names no keys.`);
    return Object.entries(keys).every(([key, wanted]) =>
      holds(operator, texts(wanted), values.get(key.toLowerCase())),
    );
  });
}

function holds(operator: string, wanted: readonly string[], given: readonly string[] | undefined): boolean {
  if (operator === "Null") return wanted.some((value) => (value === "true") === (given === undefined));
  const [, set, name = "", ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const not = negated[name];
  const compare = positive[not ?? name];
  if (compare === undefined)
    throw new PolicyNotUnderstood(`The local cloud knows no condition operator ${operator}.`);
  const meets = (value: string): boolean => {
    const found = wanted.some((one) => compare(one, value));
    return not === undefined ? found : !found;
  };
  if (given === undefined || given.length === 0) {
    if (set === "ForAnyValue") return ifExists !== undefined;
    return set === "ForAllValues" || ifExists !== undefined || not !== undefined;
  }
  // Without a set operator a key has one value; of several, all must stay clear of a negated operator's values.
  const all = set === "ForAllValues" || (set === undefined && not !== undefined);
  return all ? given.every(meets) : given.some(meets);
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map((one: unknown) => {
    const text = String(one);
    if (!text.includes("${")) return text;
    throw new PolicyNotUnderstood(`The local cloud knows no policy variables: ${text}`);
  });
}
