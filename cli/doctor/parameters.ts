import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { parameterProblems } from "../../stack/parameters.mjs";
import { root } from "../root.ts";
import type { Deployed } from "./deployed.ts";
import { type Check, type Finding, ok, problem, warning } from "./finding.ts";

export type Parameters = Readonly<Record<string, string>>;

/** The parameters of serverless.yml with the values they have when none is given. */
export async function defaultParameters(): Promise<Parameters> {
  const file = join(root, "serverless.yml");
  // serverless.yml holds CloudFormation's tags (!Sub, !Ref), which are of no matter here.
  const document = parse(await readFile(file, "utf8"), { logLevel: "silent" }) as {
    params: { default: Record<string, unknown> };
  };
  const entries = Object.entries(document.params.default);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** The parameters that a stack was deployed with, those that were no defaults. */
export function deployedParameters(deployed: Pick<Deployed, "outputs"> | undefined): Parameters {
  return JSON.parse(deployed?.outputs.Parameters ?? "{}") as Parameters;
}

/** The domain and its aliases. */
export function siteNames({ domain = "", aliases = "" }: Parameters): string[] {
  return [domain, ...aliases.split(" ")].filter((name) => name !== "");
}

/** What is wrong with parameters by themselves; nothing is asked. Pure. */
export function wrongParameters(parameters: Parameters): Finding[] {
  return parameterProblems(parameters).map((text) => problem(`The parameter ${text}`));
}

/** The parameters are right, and one that was given to an earlier deploy is not forgotten now. */
export const parameters: Check = {
  name: "parameters",
  run: async ({ given, defaults, deployed, parameters }) => {
    const before = { ...defaults, ...deployedParameters(deployed) };
    const reset = Object.keys(given).filter(
      (name) => deployed !== undefined && given[name] === defaults[name] && before[name] !== defaults[name],
    );
    const wrong = wrongParameters(parameters);
    const shown = Object.entries(parameters).filter(([name, value]) => value !== defaults[name]);
    const right = ok(shown.map(([name, value]) => `${name}=${value}`).join(", ") || "all are defaults");
    return [
      ...(wrong.length > 0 ? wrong : [right]),
      ...reset.map((name) =>
        warning(
          `The parameter ${name} was deployed as "${before[name]}" and goes back to its default "${given[name]}".`,
          `To keep it: --param="${name}=${before[name]}".`,
        ),
      ),
    ];
  },
};
