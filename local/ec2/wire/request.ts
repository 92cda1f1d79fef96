import { AwsError } from "../../service.ts";
import type { Shape } from "./schema.ts";

/** A form field's place in the tree that its dotted name spells. */
interface Field {
  text?: string;
  readonly children: Map<string, Field>;
}

/** A call as EC2's query protocol puts it: the action and what is left of its form. */
export interface Call {
  readonly action: string;
  readonly form: URLSearchParams;
}

/** Reads the form of a call. Throws MissingAction. */
export function readCall(body: string): Call {
  const form = new URLSearchParams(body);
  const action = form.get("Action");
  if (!action) throw new AwsError("MissingAction", "The request is missing an action.");
  form.delete("Action");
  form.delete("Version");
  return { action, form };
}

/**
 * Turns a call's form fields ("Filter.1.Value.2=x") into the object the AWS SDK would have been given.
 * Throws UnknownParameter for a field that the action does not have, InvalidParameterValue for a value that
 * is not of its type, with EC2's texts.
 */
export function readInput(form: URLSearchParams, input: Shape): Record<string, unknown> {
  const root: Field = { children: new Map() };
  for (const [name, text] of form) place(root, name, text);
  return read(root, input, "") as Record<string, unknown>;
}

function place(root: Field, name: string, text: string): void {
  let field = root;
  for (const step of name.split(".")) {
    const next: Field = field.children.get(step) ?? { children: new Map() };
    field.children.set(step, next);
    field = next;
  }
  field.text = text;
}

function read(field: Field, shape: Shape, path: string): unknown {
  switch (shape.kind) {
    case "structure": {
      const value: Record<string, unknown> = {};
      const known = new Map(shape.members.map((member) => [member.formName, member]));
      for (const [name, child] of field.children) {
        const member = known.get(name);
        const place = path ? `${path}.${name}` : name;
        if (!member) throw new AwsError("UnknownParameter", `The parameter ${place} is not recognized`);
        value[member.name] = read(child, member.shape(), place);
      }
      return value;
    }
    case "list": {
      const items = [...field.children].map(([index, child]) => ({ index: Number(index), child }));
      const wrong = items.find(({ index }) => !Number.isInteger(index) || index < 1);
      if (wrong) throw new AwsError("UnknownParameter", `The parameter ${path} needs numbered members`);
      items.sort((a, b) => a.index - b.index);
      return items.map(({ index, child }) => read(child, shape.item.shape(), `${path}.${index}`));
    }
    default:
      return readText(field.text ?? "", shape.kind, path);
  }
}

function readText(text: string, kind: string, path: string): unknown {
  switch (kind) {
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      throw invalid(text, path, "boolean");
    case "number":
      if (text !== "" && Number.isFinite(Number(text))) return Number(text);
      throw invalid(text, path, "integer");
    case "timestamp":
      if (!Number.isNaN(Date.parse(text))) return new Date(text);
      throw invalid(text, path, "date");
    case "blob":
      return Buffer.from(text, "base64");
    default:
      return text;
  }
}

function invalid(text: string, path: string, type: string): AwsError {
  return new AwsError(
    "InvalidParameterValue",
    `Value (${text}) for parameter ${path} is invalid. Invalid ${type}`,
  );
}
