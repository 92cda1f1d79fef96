import { AwsError } from "../service.ts";

/** Members of a request or of a template, read with their types. Each throws ValidationException otherwise. */

/** A string that must be there. */
export function text(input: Record<string, unknown>, name: string): string {
  const value = optionalText(input, name);
  if (value === undefined) throw new AwsError("ValidationException", `${name} is missing.`);
  return value;
}

/** A string that may be absent. Numbers and booleans count as their text: templates write both. */
export function optionalText(input: Record<string, unknown>, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new AwsError("ValidationException", `${name} is not a string.`);
}

/** A number that may be absent; digits in a string count, as in templates. */
export function optionalNumber(input: Record<string, unknown>, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new AwsError("ValidationException", `${name} is not a number.`);
}

/** A boolean that may be absent; "true" and "false" count, as in templates. */
export function optionalBoolean(input: Record<string, unknown>, name: string): boolean | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  throw new AwsError("ValidationException", `${name} is not a boolean.`);
}

/** An object that may be absent: then empty. */
export function members(input: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = input[name];
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw new AwsError("ValidationException", `${name} is not an object.`);
}

/** A list that may be absent: then empty. */
function list(input: Record<string, unknown>, name: string): unknown[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new AwsError("ValidationException", `${name} is not a list.`);
}

/** A list of objects that may be absent: then empty. */
export function objects(input: Record<string, unknown>, name: string): Record<string, unknown>[] {
  return list(input, name).filter(isObject);
}

/** A list of strings that may be absent: then empty. */
export function texts(input: Record<string, unknown>, name: string): string[] {
  return list(input, name).map(String);
}

/** Whether a value is an object and not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
