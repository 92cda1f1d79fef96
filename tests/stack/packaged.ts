import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { testPackage } from "../kit/package.ts";

/** A resource as it stands in the packaged template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts?: number;
}

interface Catcher extends Retrier {
  readonly Next: string;
}

/** One state of a machine, as far as the tests look at it. */
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  /** Of a Wait. */
  readonly Seconds?: number;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
}

export interface Machine {
  /** The definition's text with the functions' ARNs filled in. */
  readonly definition: string;
  readonly states: Readonly<Record<string, State>>;
}

export interface Packaged {
  /** Resources, outputs and conditions as CloudFormation gets them. */
  readonly template: Readonly<Record<string, unknown>>;
  readonly resources: ReadonlyMap<string, TemplateResource>;
  readonly machines: { readonly deploy: Machine; readonly retire: Machine; readonly certificate: Machine };
}

const arnOf = (logicalId: string) => `arn:aws:lambda:us-east-1:000000000000:function:${logicalId}`;

/** The logical name in the template of the function that a Task state calls. */
export function functionOf(state: State): string {
  return state.Resource?.split(":").at(-1) ?? "";
}

/** The packaged template and what is in it, for `more` parameters; packages the stack first, where it has changed. */
export async function readPackaged(more: Readonly<Record<string, string>> = {}): Promise<Packaged> {
  const path = join(await testPackage(more), "cloudformation-template-update-stack.json");
  const template = JSON.parse(await readFile(path, "utf8")) as {
    readonly Resources: Readonly<Record<string, TemplateResource>>;
    readonly [part: string]: unknown;
  };
  const resources = new Map(Object.entries(template.Resources));
  const machine = (name: string): Machine => {
    const wanted = `mirage-pages-prod-${name}`;
    const found = [...resources.values()].find(({ Properties }) => Properties.StateMachineName === wanted);
    if (found === undefined) throw new Error(`The template has no state machine ${wanted}.`);
    const { DefinitionString } = found.Properties as {
      DefinitionString: { "Fn::Sub": [string, Record<string, { "Fn::GetAtt": [string, string] }>] };
    };
    const [text, variables] = DefinitionString["Fn::Sub"];
    const definition = text.replaceAll(/\$\{(\w+)\}/g, (_, id: string) => {
      return arnOf(variables[id]?.["Fn::GetAtt"][0] ?? id);
    });
    return { definition, states: (JSON.parse(definition) as { States: Record<string, State> }).States };
  };
  return {
    template,
    resources,
    machines: { deploy: machine("deploy"), retire: machine("retire"), certificate: machine("certificate") },
  };
}
