import * as sdk from "@aws-sdk/client-ec2";

/*
 * The AWS SDK carries the EC2 API as data: every operation, member and wire name. The local EC2 reads that
 * instead of keeping names of its own, so what it takes and gives is spelled as AWS spells it.
 */

type Traits = number | { readonly [trait: string]: unknown };
type Reference = unknown;

/** One shape of the EC2 API, as far as its wire form needs it. */
export type Shape =
  | { readonly kind: "string" | "number" | "boolean" | "timestamp" | "blob" }
  | { readonly kind: "list"; readonly item: Member }
  | { readonly kind: "structure"; readonly members: readonly Member[] };

/** A named place for a shape: a structure's member or a list's item. */
interface Member {
  readonly name: string;
  /** Its name in a request's form fields. */
  readonly formName: string;
  /** Its element name in a response. */
  readonly xmlName: string;
  readonly shape: () => Shape;
}

/** What EC2 takes and gives for one action. */
export interface Operation {
  readonly input: Shape;
  readonly output: Shape;
}

const catalogue = sdk as unknown as { readonly [name: string]: unknown };
const shapes = new Map<unknown, Shape>();

/** The action of that name, or undefined where EC2 has none. */
export function operation(action: string): Operation | undefined {
  const schema = /^[A-Z]\w+$/.test(action) ? catalogue[`${action}$`] : undefined;
  if (!Array.isArray(schema) || schema[0] !== 9) return undefined;
  return { input: shapeOf(schema[4]), output: shapeOf(schema[5]) };
}

function shapeOf(reference: Reference): Shape {
  const schema = typeof reference === "function" ? (reference as () => unknown)() : reference;
  const known = shapes.get(schema);
  if (known) return known;
  const shape = readShape(schema);
  shapes.set(schema, shape);
  return shape;
}

/** Marks the schema of a list of something simple. */
const listOf = 64;

// The numbers are the SDK's: see StaticSchema and the simple schema sentinels in @smithy/types.
function readShape(schema: unknown): Shape {
  if (typeof schema === "number") {
    if ((schema & listOf) === 0) return { kind: simpleKind(schema) };
    return { kind: "list", item: readMember("member", schema & ~listOf) };
  }
  if (schema === "unit") return { kind: "structure", members: [] };
  if (!Array.isArray(schema)) throw new TypeError(`The AWS SDK holds a schema of an unknown form: ${schema}`);
  switch (schema[0]) {
    case 0:
      return shapeOf(schema[4]);
    case 1:
      return { kind: "list", item: readMember("member", schema[4]) };
    case 3: {
      const names = schema[4] as string[];
      const references = schema[5] as Reference[];
      return { kind: "structure", members: names.map((name, i) => readMember(name, references[i])) };
    }
    default:
      throw new TypeError(`The AWS SDK holds an EC2 schema of an unknown kind: ${schema[0]}`);
  }
}

function simpleKind(sentinel: number): "string" | "number" | "boolean" | "timestamp" | "blob" {
  if (sentinel === 2) return "boolean";
  if (sentinel === 1 || sentinel === 17 || sentinel === 19) return "number";
  if (sentinel >= 4 && sentinel <= 7) return "timestamp";
  return sentinel === 21 ? "blob" : "string";
}

function readMember(name: string, reference: Reference): Member {
  const wrapped = Array.isArray(reference) && typeof reference[0] !== "number";
  const simple = Array.isArray(reference) && reference.length === 2 && typeof reference[0] === "number";
  const [target, traits] = wrapped || simple ? (reference as [unknown, Traits]) : [reference, 0];
  const named = typeof traits === "object" ? traits : {};
  const xmlName = typeof named.xmlName === "string" ? named.xmlName : name;
  const formName = typeof named.ec2QueryName === "string" ? named.ec2QueryName : capitalized(xmlName);
  return { name, formName, xmlName, shape: () => shapeOf(target) };
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
