import * as z from "zod";

/** A JSON schema, as far as contracts use it. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

/** Step Functions cuts an error's cause at this many characters. */
const CAUSE = 32_768;
/** What no contract bounds: our own sentences, identifiers and keys (S3's longest has 1,024 bytes). */
const TEXT = 2_048;
/** What a list of a contract holds at most: names of one certificate, or what one retirement removes. */
const ITEMS = 100;
/** A domain name is the longest of them; identifiers and our own keys are shorter. */
const ITEM_TEXT = 253;
const NUMBER = String(Number.MAX_SAFE_INTEGER).length;

/** Bytes of the largest JSON text that a contract allows, with the bounds above for what has none. */
export function largest(contract: z.ZodType): number {
  return sizeOf(z.toJSONSchema(contract, { io: "output" }) as Schema, "");
}

function sizeOf(schema: Schema, name: string): number {
  if (schema.anyOf) return Math.max(...schema.anyOf.map((one) => sizeOf(one, name)));
  if (schema.enum) return Math.max(...schema.enum.map((value) => JSON.stringify(value).length));
  if (schema.const !== undefined) return JSON.stringify(schema.const).length;
  switch (schema.type) {
    case "object":
      return Object.entries(schema.properties ?? {}).reduce(
        (sum, [key, inner]) => sum + key.length + '"":,'.length + sizeOf(inner, key),
        "{}".length,
      );
    case "array":
      return ITEMS * (1 + sizeOf({ maxLength: ITEM_TEXT, ...schema.items }, name)) + "[]".length;
    case "string":
      return '""'.length + textSize(schema, name);
    case "integer":
    case "number":
      return NUMBER;
    case "boolean":
      return "false".length;
    case "null":
      return "null".length;
    default:
      throw new Error(`A contract has a part without a type: ${name}`);
  }
}

function textSize({ pattern, format, maxLength }: Schema, name: string): number {
  if (maxLength !== undefined) return maxLength;
  const digest = /^\^\[0-9a-f\]\{(\d+)\}\$$/.exec(pattern ?? "");
  if (digest) return Number(digest[1]);
  if (format === "date-time") return "2026-01-01T00:00:00.000000Z".length;
  return /^cause$/i.test(name) ? CAUSE : TEXT;
}
