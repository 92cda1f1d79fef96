import type { Filter } from "@aws-sdk/client-ec2";
import { invalidValue } from "./errors.ts";

/** What filters can ask of a record: filter name → the record's values for it. */
export type Fields<Item> = Record<string, (item: Item) => readonly (string | undefined)[]>;

/**
 * The items that every filter lets through: one of its values must match one of the item's, `*` and `?`
 * standing for any text and any one character. `tag:KEY` and `tag-key` look at the item's tags.
 * Throws InvalidParameterValue for a filter that is not in `fields`.
 */
export function select<Item>(
  items: readonly Item[],
  filters: readonly Filter[] | undefined,
  fields: Fields<Item>,
  tagsOf: (item: Item) => Record<string, string>,
): Item[] {
  const tests = (filters ?? []).map((filter) => {
    const values = valuesOf(filter.Name ?? "", fields, tagsOf);
    const patterns = (filter.Values ?? []).map(pattern);
    return (item: Item) => values(item).some((value) => patterns.some((one) => one.test(value)));
  });
  return items.filter((item) => tests.every((test) => test(item)));
}

function valuesOf<Item>(
  name: string,
  fields: Fields<Item>,
  tagsOf: (item: Item) => Record<string, string>,
): (item: Item) => string[] {
  if (name === "tag-key") return (item) => Object.keys(tagsOf(item));
  if (name === "tag-value") return (item) => Object.values(tagsOf(item));
  if (name.startsWith("tag:")) {
    const key = name.slice("tag:".length);
    return (item) => Object.entries(tagsOf(item)).flatMap(([tag, value]) => (tag === key ? [value] : []));
  }
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!field) throw invalidValue(`The filter '${name}' is invalid`);
  return (item) => field(item).filter((value) => value !== undefined);
}

function pattern(text: string): RegExp {
  const source = text.replace(/\\([*?\\])|[.+^${}()|[\]\\*?]/g, (found, escaped: string | undefined) => {
    if (escaped) return `\\${escaped}`;
    if (found === "*") return ".*";
    return found === "?" ? "." : `\\${found}`;
  });
  return new RegExp(`^${source}$`, "su");
}

/**
 * The records with these ids, in the order asked for, or all of them where no ids are given.
 * Throws what `missing` makes of the first id that there is no record of.
 */
export function byIds<Item>(
  records: Record<string, Item>,
  ids: readonly string[] | undefined,
  missing: (id: string) => Error,
): Item[] {
  if (!ids || ids.length === 0) return Object.values(records);
  return [...new Set(ids)].map((id) => {
    const record = Object.hasOwn(records, id) ? records[id] : undefined;
    if (!record) throw missing(id);
    return record;
  });
}

/** One page of a list, and the token of the next one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

/**
 * Cuts a list into pages of `maxResults` (EC2 takes 5 to 1000). Tokens are opaque to callers.
 * Throws InvalidParameterValue for a size out of bounds and for a token that we did not give.
 */
export function paginate<Item>(
  items: readonly Item[],
  maxResults: number | undefined,
  token: string | undefined,
  smallest = 5,
): Page<Item> {
  if (maxResults !== undefined && (maxResults < smallest || maxResults > 1000)) {
    throw invalidValue(
      `Value ( ${maxResults} ) for parameter maxResults is invalid. Expecting a value between ${smallest} and 1000.`,
    );
  }
  const start = token ? readToken(token) : 0;
  const end = maxResults === undefined ? items.length : start + maxResults;
  return { items: items.slice(start, end), next: end < items.length ? writeToken(end) : undefined };
}

function writeToken(position: number): string {
  return Buffer.from(`page:${position}`).toString("base64url");
}

function readToken(token: string): number {
  const position = /^page:(\d+)$/.exec(Buffer.from(token, "base64url").toString())?.[1];
  if (position === undefined) throw invalidValue("Invalid value for parameter NextToken");
  return Number(position);
}
