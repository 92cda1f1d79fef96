import { isObject } from "../wire/members.ts";

/**
 * Whether an event matches an event pattern: every field of the pattern must match, a list matches when one of
 * its entries does, an event's list when one of its members does.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 *
 * Throws UnknownPatternOperator for an operator that is not known here, rather than matching by guess.
 */
export function matchesPattern(pattern: Record<string, unknown>, event: unknown): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    if (field === "$or")
      return (wanted as Record<string, unknown>[]).some((one) => matchesPattern(one, event));
    const present = isObject(event) && Object.hasOwn(event, field);
    const value = present ? event[field] : undefined;
    if (Array.isArray(wanted)) return wanted.some((matcher) => matchesValue(matcher, value, present));
    return isObject(wanted) && matchesPattern(wanted, value);
  });
}

/** A pattern uses an operator that the local cloud does not know. */
export class UnknownPatternOperator extends Error {
  override readonly name = "UnknownPatternOperator";

  constructor(operator: string) {
    super(`The local cloud does not know the event pattern operator "${operator}".`);
  }
}

function matchesValue(matcher: unknown, value: unknown, present: boolean): boolean {
  if (isObject(matcher) && "exists" in matcher) return present === matcher.exists;
  if (Array.isArray(value)) return value.some((member) => matchesValue(matcher, member, true));
  if (!isObject(matcher)) return present && matcher === value;
  return Object.entries(matcher).every(([operator, operand]) => present && operate(operator, operand, value));
}

function operate(operator: string, operand: unknown, value: unknown): boolean {
  const text = typeof value === "string" ? value : undefined;
  switch (operator) {
    case "prefix":
      return text !== undefined && fold(operand, text, (part, whole) => whole.startsWith(part));
    case "suffix":
      return text !== undefined && fold(operand, text, (part, whole) => whole.endsWith(part));
    case "equals-ignore-case":
      return text !== undefined && text.toLowerCase() === String(operand).toLowerCase();
    case "wildcard":
      return text !== undefined && wildcard(String(operand)).test(text);
    case "anything-but": {
      const refused = Array.isArray(operand) ? operand : [operand];
      return !refused.some((one) => matchesValue(one, value, true));
    }
    case "numeric":
      return typeof value === "number" && Array.isArray(operand) && numeric(operand, value);
    default:
      throw new UnknownPatternOperator(operator);
  }
}

function fold(operand: unknown, text: string, test: (part: string, whole: string) => boolean): boolean {
  if (Array.isArray(operand)) return operand.some((one) => fold(one, text, test));
  if (!isObject(operand)) return test(String(operand), text);
  return test(String(operand["equals-ignore-case"]).toLowerCase(), text.toLowerCase());
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}

function numeric(operand: readonly unknown[], value: number): boolean {
  for (let index = 0; index < operand.length; index += 2) {
    const bound = Number(operand[index + 1]);
    const holds: Record<string, boolean> = {
      "<": value < bound,
      "<=": value <= bound,
      "=": value === bound,
      ">=": value >= bound,
      ">": value > bound,
    };
    if (holds[String(operand[index])] !== true) return false;
  }
  return true;
}
