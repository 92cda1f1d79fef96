import { compareBytes } from "../site/keys.ts";
import {
  type Condition,
  type HeaderRule,
  type Headers,
  type IndexEntry,
  isRedirect,
  type Representation,
  type Rule,
  type SiteIndex,
} from "./site-index.ts";

/** Version of the format: a reader takes no other one. */
export const indexVersion = 2;

/** Width of `base`: fixed, because the index's length must not depend on it. */
export const baseDigits = 12;

/**
 * The text of an index, in UTF-8. `baseOf` tells where the archive's `base` is, given the text's length in
 * bytes. Throws RangeError when a path stands twice or a field holds a control character.
 */
export function encodeIndex(index: SiteIndex, baseOf: (length: number) => number): Buffer {
  const sets = new HeaderSets();
  const policies = [...index.policies].sort(([a], [b]) => compareBytes(a, b));
  const tail = [
    ...section("policies", policies),
    ...section(
      "rules",
      index.rules.map((rule) => ruleFields(rule, sets)),
    ),
    ...section("header-rules", index.headerRules.map(headerRuleFields)),
    ...section(
      "fallbacks",
      sorted(index.fallbacks).map((entry) => entryFields(entry, sets)),
    ),
    ...section(
      "entries",
      sorted(index.entries).map((entry) => entryFields(entry, sets)),
    ),
  ];
  const head = `mirage-pages-index\t${indexVersion}\nbase\t`;
  const lines = [head + "0".repeat(baseDigits), ...section("headers", sets.lines), ...tail];
  const text = Buffer.from(`${lines.join("\n")}\n`);
  text.write(String(baseOf(text.length)).padStart(baseDigits, "0"), head.length, "latin1");
  return text;
}

/** Sets of headers, each written once: a large site has few different ones. */
class HeaderSets {
  readonly lines: (readonly string[])[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(headers: Headers): string {
    const fields = headers.map(([name, value]) => `${name}: ${value}`);
    const key = fields.join("\t");
    const known = this.#numbers.get(key);
    if (known !== undefined) return String(known);
    this.#numbers.set(key, this.lines.length);
    this.lines.push(fields);
    return String(this.lines.length - 1);
  }
}

function section(name: string, lines: readonly (readonly string[])[]): string[] {
  const encoded = lines.map((fields) => {
    const bad = fields.find((field) => /\p{Cc}/u.test(field));
    if (bad !== undefined) throw new RangeError(`The index cannot hold ${JSON.stringify(bad)}.`);
    return fields.join("\t");
  });
  return [`${name}\t${lines.length}`, ...encoded];
}

function sorted<T extends IndexEntry>(entries: readonly T[]): T[] {
  const inOrder = entries.toSorted((a, b) => compareBytes(a.path, b.path));
  const twice = inOrder.find(({ path }, i) => path === inOrder[i - 1]?.path);
  if (twice) throw new RangeError(`The path ${JSON.stringify(twice.path)} stands twice in the index.`);
  return inOrder;
}

function entryFields(entry: IndexEntry, sets: HeaderSets): string[] {
  const start = [entry.path, String(entry.status), sets.numberOf(entry.headers)];
  if (isRedirect(entry)) return [...start, ">", entry.location];
  return [...start, entry.type, String(entry.modified), ...entry.representations.map(representation)];
}

function representation({ coding, size, offset, etag }: Representation): string {
  return `${coding} ${size} ${offset} ${etag}`;
}

function ruleFields(rule: Rule, sets: HeaderSets): string[] {
  return [
    rule.forced ? "!" : "-",
    rule.host ?? "-",
    rule.pattern,
    String(rule.status),
    sets.numberOf(rule.headers),
    rule.target,
    ...rule.conditions.map(conditionField),
  ];
}

function conditionField(condition: Condition): string {
  if (condition.kind !== "query") return `${condition.kind} ${condition.anyOf.join(",")}`;
  const { name, value } = condition;
  return `query ${name} ${value}`;
}

function headerRuleFields({ scope, host, pattern, changes }: HeaderRule): string[] {
  const ops = changes.map(([name, value]) => (value === undefined ? `!${name}` : `${name}: ${value}`));
  return [scope, host ?? "-", pattern, ...ops];
}
