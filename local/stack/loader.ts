import type { Place } from "../account.ts";
import { accountId, arn } from "../account.ts";
import type { Provider, Provisioned, Resource } from "../service.ts";
import { isObject } from "../wire/members.ts";
import type { Scope } from "./intrinsics.ts";
import { holds, references, resolve } from "./intrinsics.ts";
import type { Template, TemplateResource } from "./template.ts";
import { InvalidTemplate } from "./template.ts";

/** Something that the template asks for and the local cloud does not do. */
export interface Unhonoured {
  readonly logicalId: string;
  readonly type: string;
  /**
   * A property, a member of one ("Environment.Image"), or a member of the resource beside its properties
   * ("DeletionPolicy"). Undefined when nothing of the type has an effect here.
   */
  readonly property: string | undefined;
}

/** A stack that is up. */
export interface Stack {
  readonly name: string;
  readonly arn: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly { readonly resource: Resource; readonly made: Provisioned }[];
  readonly unhonoured: readonly Unhonoured[];
}

/** A resource of the template could not be made. */
export class ResourceFailed extends Error {
  override readonly name = "ResourceFailed";

  constructor(logicalId: string, type: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Resource ${logicalId} (${type}) of the template could not be made: ${reason}`, { cause });
  }
}

/** Where a stack comes up, and as what. */
export interface StackOptions {
  readonly name: string;
  readonly place: Place;
  readonly providers: readonly Provider[];
  /** Values for the template's parameters; the others take their defaults. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Makes every resource of a template, each after those that it refers to.
 * Throws InvalidTemplate, ResourceFailed.
 */
export async function loadStack(template: Template, options: StackOptions): Promise<Stack> {
  const { name, place } = options;
  const providers = new Map(
    options.providers.flatMap((one) => Object.keys(one.honoured).map((type) => [type, one] as const)),
  );
  const stackArn = arn(place, "cloudformation", `stack/${name}/local`);
  const made = new Map<string, Provisioned>();
  const parameters = parameterValues(template, options, stackArn);
  const scope: Scope = {
    template,
    parameters,
    made,
    zones: ["a", "b", "c"].map((zone) => place.region + zone),
  };
  const resources: { resource: Resource; made: Provisioned }[] = [];
  const unhonoured: Unhonoured[] = [];
  for (const entry of inOrder(template, scope)) {
    const { logicalId, type } = entry;
    const provider = providers.get(type);
    if (provider === undefined) {
      // Others may refer to it: it gets a name, and nothing behind it.
      const nothing = { ref: `${name}-${logicalId}`, attributes: { Arn: arn(place, "local", logicalId) } };
      unhonoured.push({ logicalId, type, property: undefined });
      made.set(logicalId, nothing);
      const resource = { stack: name, logicalId, type, properties: entry.properties };
      resources.push({ resource, made: nothing });
      continue;
    }
    try {
      const properties = resolve(entry.properties, scope) as Record<string, unknown>;
      const resource: Resource = { stack: name, logicalId, type, properties };
      const result = await provider.provision(resource);
      made.set(logicalId, result);
      resources.push({ resource, made: result });
      for (const property of [...idleProperties(provider, resource), ...entry.otherMembers])
        unhonoured.push({ logicalId, type, property });
    } catch (error) {
      throw new ResourceFailed(logicalId, type, error);
    }
  }
  const outputs = outputValues(template, scope);
  const shown = Object.keys(template.parameters).map((key) => [key, String(parameters.get(key))]);
  const common = { name, arn: stackArn, created: Date.now(), parameters: Object.fromEntries(shown) };
  return { ...common, outputs, resources, unhonoured };
}

function parameterValues(template: Template, options: StackOptions, stackArn: string): Map<string, unknown> {
  const values = new Map<string, unknown>([
    ["AWS::Region", options.place.region],
    ["AWS::AccountId", accountId],
    ["AWS::Partition", "aws"],
    ["AWS::StackName", options.name],
    ["AWS::StackId", stackArn],
    ["AWS::URLSuffix", "amazonaws.com"],
    ["AWS::NotificationARNs", []],
  ]);
  for (const [name, parameter] of Object.entries(template.parameters)) {
    const value = options.parameters[name] ?? parameter.Default;
    if (value === undefined)
      throw new InvalidTemplate(`Parameter ${name} has no default and was given no value.`);
    const type = String(parameter.Type);
    const list = type === "CommaDelimitedList" || type.startsWith("List<");
    values.set(name, list ? String(value).split(",") : String(value));
  }
  return values;
}

function inOrder(template: Template, scope: Scope): TemplateResource[] {
  const wanted = template.resources.filter(
    ({ condition }) => condition === undefined || holds(condition, scope),
  );
  const byId = new Map(wanted.map((resource) => [resource.logicalId, resource]));
  const ordered: TemplateResource[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (resource: TemplateResource, path: readonly string[]): void => {
    const { logicalId, properties, dependsOn } = resource;
    if (state.get(logicalId) === "done") return;
    if (state.get(logicalId) === "open") {
      throw new InvalidTemplate(
        `Resources depend on each other in a circle: ${[...path, logicalId].join(" → ")}.`,
      );
    }
    state.set(logicalId, "open");
    const needed = references(properties, (id) => byId.has(id));
    for (const id of [...needed, ...dependsOn]) {
      const other = byId.get(id);
      if (other !== undefined) visit(other, [...path, logicalId]);
    }
    state.set(logicalId, "done");
    ordered.push(resource);
  };
  for (const resource of wanted) visit(resource, []);
  return ordered;
}

/** Properties without effect that nobody misses: they only describe. */
const descriptive = new Set(["Tags", "Description"]);

function idleProperties(provider: Provider, { type, properties }: Resource): (string | undefined)[] {
  const honoured = provider.honoured[type] ?? [];
  if (honoured.length === 0) return [undefined];
  const idle = (value: unknown, path: string): string[] => {
    if (Array.isArray(value)) return [...new Set(value.flatMap((one) => idle(one, path)))];
    if (!isObject(value)) return [path];
    return Object.entries(value).flatMap(([name, member]) => {
      const inner = path === "" ? name : `${path}.${name}`;
      if (descriptive.has(name) || honoured.includes(inner)) return [];
      return honoured.some((one) => one.startsWith(`${inner}.`)) ? idle(member, inner) : [inner];
    });
  };
  return idle(properties, "");
}

function outputValues(template: Template, scope: Scope): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, output] of Object.entries(template.outputs)) {
    const condition = output.Condition;
    if (typeof condition === "string" && !holds(condition, scope)) continue;
    const value = resolve(output.Value, scope);
    values[name] = isObject(value) ? JSON.stringify(value) : String(value);
  }
  return values;
}
