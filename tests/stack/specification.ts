import type { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import type { TemplateResource } from "./packaged.ts";

/** "LogicalId.Path: what is wrong with it" */
export type Problem = string;

export interface Specification {
  /** Compares a resource with the description of its type. */
  check(logicalId: string, resource: TemplateResource): Problem[];
  /** Follows every Ref, Fn::GetAtt and Fn::Sub below a part of the template. */
  references(part: unknown): { readonly problems: Problem[]; readonly count: number };
  /** Properties that `check` has looked at so far. */
  readonly looked: number;
}

type SpecDatabase = Awaited<ReturnType<typeof loadAwsServiceSpec>>;
type Property = NonNullable<ReturnType<typeof typeNamed>>["properties"][string];
type PropertyType = Property["type"];
type Resources = ReadonlyMap<string, TemplateResource>;

const PSEUDO = [
  "AccountId",
  "NoValue",
  "NotificationARNs",
  "Partition",
  "Region",
  "StackId",
  "StackName",
  "URLSuffix",
];

/** CloudFormation's description of resource types (`@aws-cdk/aws-service-spec`), applied to a template. */
export function specification(database: SpecDatabase, resources: Resources): Specification {
  let looked = 0;

  function checkProperties(
    path: string,
    value: Readonly<Record<string, unknown>>,
    known: Readonly<Record<string, Property>>,
  ): Problem[] {
    const problems = Object.entries(value).flatMap(([name, inner]) => {
      looked += 1;
      const property = known[name];
      if (property === undefined) return [`${path}.${name}: there is no such property`];
      return checkValue(`${path}.${name}`, inner, property.type);
    });
    const missing = Object.entries(known).filter(([name, { required }]) => required && !(name in value));
    return [...problems, ...missing.map(([name]) => `${path}.${name}: is required`)];
  }

  function checkValue(path: string, value: unknown, type: PropertyType): Problem[] {
    if (isIntrinsic(value)) return [];
    const wrong = (name: string) => [`${path}: ${JSON.stringify(value)} is no ${name}`];
    switch (type.type) {
      case "union": {
        const tries = type.types.map((one) => checkValue(path, value, one));
        return tries.find((problems) => problems.length === 0) ?? tries[0] ?? [];
      }
      case "array":
        if (!Array.isArray(value)) return wrong("list");
        return value.flatMap((item, i) => checkValue(`${path}.${i}`, item, type.element));
      case "map":
        if (!isObject(value)) return wrong("map");
        return Object.entries(value).flatMap(([name, item]) =>
          checkValue(`${path}.${name}`, item, type.element),
        );
      case "ref": {
        const { name, properties } = database.get("typeDefinition", type.reference);
        return isObject(value) ? checkProperties(path, value, properties) : wrong(name);
      }
      case "tag":
        return isObject(value) && Object.keys(value).sort().join() === "Key,Value" ? [] : wrong("tag");
      default:
        return checkPrimitive(path, value, type);
    }
  }

  return {
    check(logicalId, { Type, Properties = {} }) {
      const type = typeNamed(database, Type);
      if (type === undefined) return [`${logicalId}: there is no resource type ${Type}`];
      return checkProperties(logicalId, Properties, type.properties);
    },
    references(part) {
      const found = [...referencesOf(part)];
      const problems = found.flatMap(({ id, attribute }) => {
        if (attribute === undefined) return checkName(id);
        const type = resources.get(id)?.Type;
        if (type === undefined) return [`GetAtt ${id}.${attribute}: there is no such resource`];
        if (attribute in (typeNamed(database, type)?.attributes ?? {})) return [];
        return [`GetAtt ${id}.${attribute}: ${type} has no such attribute`];
      });
      return { problems, count: found.length };
    },
    get looked() {
      return looked;
    },
  };

  function checkName(id: string): Problem[] {
    if (id.startsWith("AWS::"))
      return PSEUDO.includes(id.slice(5)) ? [] : [`Ref ${id}: there is no such pseudo parameter`];
    return resources.has(id) ? [] : [`Ref ${id}: there is no such resource`];
  }
}

function typeNamed(database: SpecDatabase, name: string) {
  return database.lookup("resource", "cloudFormationType", "equals", name)[0];
}

function checkPrimitive(
  path: string,
  value: unknown,
  type: Exclude<PropertyType, { type: "union" }>,
): Problem[] {
  const wrong = [`${path}: ${JSON.stringify(value)} is no ${type.type}`];
  if ("allowedValues" in type && type.allowedValues !== undefined) {
    const allowed: readonly (string | number)[] = type.allowedValues;
    const fits = allowed.some((one) => one === value || String(one) === value);
    return fits ? [] : [`${path}: ${JSON.stringify(value)} is none of ${allowed.join(", ")}`];
  }
  if (type.type === "json") return [];
  // CloudFormation takes "30" for 30 and "true" for true, and the other way round.
  const text = ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
  if (text === undefined) return wrong;
  if (type.type === "integer") return /^-?\d+$/.test(text) ? [] : wrong;
  if (type.type === "number") return text !== "" && !Number.isNaN(Number(text)) ? [] : wrong;
  if (type.type === "boolean") return /^(true|false)$/.test(text) ? [] : wrong;
  return [];
}

/** What Ref, Fn::GetAtt and Fn::Sub name, below a part of a template. */
function* referencesOf(part: unknown): Generator<{ readonly id: string; readonly attribute?: string }> {
  if (Array.isArray(part)) for (const item of part) yield* referencesOf(item);
  if (!isObject(part)) return;
  const { Ref, "Fn::GetAtt": attribute, "Fn::Sub": text } = part;
  if (typeof Ref === "string") yield { id: Ref };
  if (attribute !== undefined)
    yield dotted(Array.isArray(attribute) ? attribute.join(".") : String(attribute));
  if (text !== undefined) {
    const [template, variables] = Array.isArray(text) ? (text as [string, object]) : [String(text), {}];
    for (const [, name = ""] of template.matchAll(/\$\{([^!}][^}]*)\}/g))
      if (!(name in variables)) yield dotted(name);
  }
  for (const inner of Object.values(part)) yield* referencesOf(inner);
}

function dotted(name: string): { readonly id: string; readonly attribute?: string } {
  const dot = name.indexOf(".");
  return dot < 0 ? { id: name } : { id: name.slice(0, dot), attribute: name.slice(dot + 1) };
}

function isIntrinsic(value: unknown): boolean {
  if (!isObject(value)) return false;
  const [name = "", ...others] = Object.keys(value);
  return others.length === 0 && (name === "Ref" || name.startsWith("Fn::"));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
