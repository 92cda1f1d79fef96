import { createHash, randomBytes } from "node:crypto";

/** A new id of AWS's long form: `i-0` and sixteen hexadecimal digits. */
export function newId(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString("hex")}`;
}

/** A digest of a call's parameters, by which a repeated client token is told from a misused one. */
export function parametersDigest(parameters: object): string {
  return createHash("sha256").update(canonical(parameters)).digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value instanceof Date || value === null || typeof value !== "object")
    return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(",")}}`;
}
