import type { Provisioned } from "../service.ts";
import { isObject } from "../wire/members.ts";
import type { Template } from "./template.ts";
import { InvalidTemplate } from "./template.ts";

/** What intrinsic functions are resolved with. */
export interface Scope {
  readonly template: Template;
  /** Values of parameters and pseudo parameters by name. */
  readonly parameters: ReadonlyMap<string, unknown>;
  /** Resources made so far, by logical id. */
  readonly made: ReadonlyMap<string, Provisioned>;
  readonly zones: readonly string[];
}

/** Stands for `Ref: AWS::NoValue`: the member that holds it is left out. */
const noValue = Symbol("AWS::NoValue");

type Intrinsic = (operand: unknown, scope: Scope) => unknown;

/**
 * Resolves every intrinsic function in a value. Throws InvalidTemplate for what cannot be resolved, naming it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
export function resolve(value: unknown, scope: Scope): unknown {
  const resolved = resolveDeep(value, scope);
  return resolved === noValue ? undefined : resolved;
}

/** Whether a condition of the template holds. Throws InvalidTemplate for one that does not exist. */
export function holds(name: string, scope: Scope): boolean {
  const condition = scope.template.conditions[name];
  if (condition === undefined) throw new InvalidTemplate(`There is no condition ${name}.`);
  return isTrue(condition, scope);
}

/** Logical ids of the resources that a value refers to. */
export function references(value: unknown, isResource: (id: string) => boolean): Set<string> {
  const found = new Set<string>();
  const add = (id: unknown): void => {
    if (typeof id === "string" && isResource(id)) found.add(id);
  };
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) for (const one of part) visit(one);
    if (!isObject(part)) return;
    for (const [key, operand] of Object.entries(part)) {
      if (key === "Ref") add(operand);
      else if (key === "Fn::GetAtt") add(attributePath(operand)[0]);
      else if (key === "Fn::Sub") for (const name of substituted(operand)) add(name.split(".")[0]);
      visit(operand);
    }
  };
  visit(value);
  return found;
}

function resolveDeep(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value))
    return value.map((one) => resolveDeep(one, scope)).filter((one) => one !== noValue);
  if (!isObject(value)) return value;
  const [key, ...others] = Object.keys(value);
  if (key !== undefined && others.length === 0) {
    const intrinsic = Object.hasOwn(intrinsics, key) ? intrinsics[key] : undefined;
    if (intrinsic !== undefined) return intrinsic(value[key], scope);
    if (key.startsWith("Fn::")) throw new InvalidTemplate(`${key} is not resolved by the local cloud.`);
  }
  const entries = Object.entries(value).map(([name, member]) => [name, resolveDeep(member, scope)] as const);
  return Object.fromEntries(entries.filter(([, member]) => member !== noValue));
}

const intrinsics: Readonly<Record<string, Intrinsic>> = {
  Ref: (operand, scope) => reference(String(operand), scope),
  "Fn::GetAtt": (operand, scope) => attribute(attributePath(operand), scope),
  "Fn::Sub": substitute,
  "Fn::Join": (operand, scope) => {
    const [separator, items] = listOf(operand, scope);
    return listOf(items, scope).map(String).join(String(separator));
  },
  "Fn::Split": (operand, scope) => {
    const [separator, text] = listOf(operand, scope);
    return String(text).split(String(separator));
  },
  "Fn::Select": (operand, scope) => {
    const [index, items] = listOf(operand, scope);
    const chosen = listOf(items, scope)[Number(index)];
    if (chosen === undefined) throw new InvalidTemplate(`Fn::Select finds nothing at ${String(index)}.`);
    return chosen;
  },
  "Fn::If": (operand, scope) => {
    const [condition, yes, no] = operand as unknown[];
    return resolveDeep(holds(String(condition), scope) ? yes : no, scope);
  },
  "Fn::Base64": (operand, scope) => Buffer.from(String(resolveDeep(operand, scope))).toString("base64"),
  "Fn::GetAZs": (_operand, scope) => [...scope.zones],
  "Fn::Length": (operand, scope) => listOf(operand, scope).length,
  "Fn::ToJsonString": (operand, scope) => JSON.stringify(resolveDeep(operand, scope)),
  "Fn::Cidr": (operand, scope) => {
    const [block, count, bits] = listOf(operand, scope);
    return cidrs(String(block), Number(count), Number(bits));
  },
  "Fn::FindInMap": (operand, scope) => {
    const keys = listOf(operand, scope).map(String);
    let found: unknown = scope.template.mappings;
    for (const key of keys.slice(0, 3)) found = isObject(found) ? found[key] : undefined;
    if (found === undefined) throw new InvalidTemplate(`Fn::FindInMap finds nothing for ${keys.join(", ")}.`);
    return found;
  },
  "Fn::Equals": (operand, scope) => {
    const [left, right] = listOf(operand, scope);
    return String(left) === String(right);
  },
  "Fn::And": (operand, scope) => (operand as unknown[]).every((one) => isTrue(one, scope)),
  "Fn::Or": (operand, scope) => (operand as unknown[]).some((one) => isTrue(one, scope)),
  "Fn::Not": (operand, scope) => !isTrue((operand as unknown[])[0], scope),
};

function isTrue(condition: unknown, scope: Scope): boolean {
  if (isObject(condition) && typeof condition.Condition === "string")
    return holds(condition.Condition, scope);
  const value = resolveDeep(condition, scope);
  return value === true || value === "true";
}

function listOf(operand: unknown, scope: Scope): unknown[] {
  const value = resolveDeep(operand, scope);
  if (!Array.isArray(value))
    throw new InvalidTemplate(`A list is needed instead of ${JSON.stringify(value)}.`);
  return value;
}

function reference(name: string, scope: Scope): unknown {
  if (name === "AWS::NoValue") return noValue;
  if (scope.parameters.has(name)) return scope.parameters.get(name);
  const made = scope.made.get(name);
  if (made === undefined) throw new InvalidTemplate(`Ref ${name}: there is no such parameter or resource.`);
  return made.ref;
}

function attributePath(operand: unknown): [string, string] {
  const parts = Array.isArray(operand) ? operand.map(String) : String(operand).split(".");
  return [parts[0] ?? "", parts.slice(1).join(".")];
}

function attribute([id, name]: [string, string], scope: Scope): string {
  const value = scope.made.get(id)?.attributes[name];
  if (value === undefined)
    throw new InvalidTemplate(`Fn::GetAtt ${id}.${name}: the local cloud does not know it.`);
  return value;
}

function substitute(operand: unknown, scope: Scope): string {
  const [text, variables] = Array.isArray(operand) ? operand : [operand, {}];
  return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
    if (literal === "!") return `\${${name}}`;
    const trimmed = name.trim();
    if (isObject(variables) && Object.hasOwn(variables, trimmed))
      return String(resolveDeep(variables[trimmed], scope));
    if (!scope.parameters.has(trimmed) && trimmed.includes("."))
      return attribute(attributePath(trimmed), scope);
    return String(reference(trimmed, scope));
  });
}

function substituted(operand: unknown): string[] {
  const text = Array.isArray(operand) ? operand[0] : operand;
  return [...String(text).matchAll(/\$\{([^!}][^}]*)\}/g)].map((match) => (match[1] ?? "").trim());
}

function cidrs(block: string, count: number, bits: number): string[] {
  const [address = ""] = block.split("/");
  const base = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return Array.from({ length: count }, (_, index) => {
    const start = base + index * 2 ** bits;
    const octets = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256);
    return `${octets.join(".")}/${32 - bits}`;
  });
}
