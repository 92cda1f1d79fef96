import { isIPv4, isIPv6 } from "node:net";
import { compareNames } from "./names.ts";

/** All values of one name and type. The name is normal: see normalName. */
export interface RecordSet {
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  readonly values: readonly string[];
}

/** One character string of a TXT record, or several: each within quotation marks, 255 characters at most. */
const TXT = /^"(?:[^"\\]|\\.){0,255}"(?:\s+"(?:[^"\\]|\\.){0,255}")*$/;

const valueRules: Readonly<Record<string, readonly [(value: string) => boolean, string]>> = {
  A: [isIPv4, "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"],
  AAAA: [isIPv6, "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"],
  TXT: [(value) => TXT.test(value), "InvalidCharacterString (Value should be enclosed in quotation marks)"],
};

/** What Route 53 refuses of a record set, in its words; undefined when it takes it. */
export function checkRecordSet({ type, ttl, values }: RecordSet): string | undefined {
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > 2 ** 31 - 1) return `Invalid TTL ${ttl}`;
  if (values.length === 0) return "Invalid request: Missing field 'ResourceRecords'";
  const [fits, complaint] = valueRules[type] ?? [() => true, ""];
  const wrong = values.find((value) => !fits(value));
  if (wrong !== undefined) {
    return `Invalid Resource Record: FATAL problem: ${complaint} encountered with '${wrong}'`;
  }
  return new Set(values).size < values.length ? "Invalid Resource Record: duplicate values" : undefined;
}

/** Whether both say the same: a deletion has to name values and TTL as they are. */
export function sameRecordSet(one: RecordSet, other: RecordSet): boolean {
  const key = ({ ttl, values }: RecordSet) => JSON.stringify([ttl, [...values].sort()]);
  return key(one) === key(other);
}

/** The order in which Route 53 lists record sets: by name, then by type. */
export function compareRecordSets(one: Pick<RecordSet, "name" | "type">, other: typeof one): number {
  return compareNames(one.name, other.name) || (one.type < other.type ? -1 : Number(one.type > other.type));
}
