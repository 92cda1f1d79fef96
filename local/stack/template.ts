import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../wire/members.ts";

/** One resource as the template writes it, nothing resolved. */
export interface TemplateResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Record<string, unknown>;
  readonly dependsOn: readonly string[];
  readonly condition: string | undefined;
  /** Members beside Type, Properties, DependsOn and Condition: DeletionPolicy, UpdatePolicy… None has an effect here. */
  readonly otherMembers: readonly string[];
}

/** A CloudFormation template. */
export interface Template {
  readonly parameters: Readonly<Record<string, Record<string, unknown>>>;
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly mappings: Record<string, unknown>;
  readonly resources: readonly TemplateResource[];
  readonly outputs: Readonly<Record<string, Record<string, unknown>>>;
}

/** The template cannot be used; the message says where it is wrong. */
export class InvalidTemplate extends Error {
  override readonly name = "InvalidTemplate";
}

/** Reads the template that `serverless package` left in a directory. Throws InvalidTemplate. */
export function readTemplate(packageDirectory: string): Template {
  const path = join(packageDirectory, "cloudformation-template-update-stack.json");
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new InvalidTemplate(`${path} cannot be read; run "serverless package" first. ${String(error)}`);
  }
  if (!isObject(value)) throw new InvalidTemplate(`${path} is no CloudFormation template.`);
  return parseTemplate(value);
}

/** Takes a template apart. Throws InvalidTemplate. */
export function parseTemplate(value: Record<string, unknown>): Template {
  const section = (name: string): Record<string, unknown> => (isObject(value[name]) ? value[name] : {});
  const objectsOf = (name: string): Record<string, Record<string, unknown>> => {
    const entries = Object.entries(section(name));
    return Object.fromEntries(entries.flatMap(([key, one]) => (isObject(one) ? [[key, one]] : [])));
  };
  const resources = Object.entries(objectsOf("Resources")).map(([logicalId, resource]) => {
    const { Type, Properties, DependsOn, Condition, ...others } = resource;
    if (typeof Type !== "string") throw new InvalidTemplate(`Resource ${logicalId} has no Type.`);
    return {
      logicalId,
      type: Type,
      properties: isObject(Properties) ? Properties : {},
      dependsOn: DependsOn === undefined ? [] : [DependsOn].flat().map(String),
      condition: typeof Condition === "string" ? Condition : undefined,
      otherMembers: Object.keys(others),
    };
  });
  return {
    parameters: objectsOf("Parameters"),
    conditions: section("Conditions"),
    mappings: section("Mappings"),
    resources,
    outputs: objectsOf("Outputs"),
  };
}
