import { paginateListRoles } from "@aws-sdk/client-iam";
import { iam } from "../clients/iam-client.ts";
import { physicalIds } from "./deployed.ts";
import { type Check, ok, problem, type Subject } from "./finding.ts";

/** The names of the stack's roles are free before the first deploy; afterwards every role is there. */
export const roles: Check = {
  name: "roles",
  async run(subject) {
    const { deployed, stack } = subject;
    const there = await roleNames();
    if (deployed === undefined) {
      const taken = (await declared(subject)).filter((name) => there.has(name));
      if (taken.length === 0) return [ok("the names of the stack's roles are free")];
      return taken.map((name) =>
        problem(
          `The role ${name} is there already, and no stack ${stack} has it.`,
          `Delete it if nothing uses it (aws iam delete-role --role-name ${name}, its policies first), or choose another stage with --stage.`,
        ),
      );
    }
    const own = physicalIds(deployed, "AWS::IAM::Role");
    const gone = own.filter((name) => !there.has(name));
    if (gone.length === 0) return [ok(`all ${own.length} roles of the stack are there`)];
    return gone.map((name) =>
      problem(
        `The stack's role ${name} is gone: somebody removed it, and what runs as it fails.`,
        "A deploy does not bring it back, for CloudFormation believes it is there. Make it again by hand as the " +
          "template says (same name and policies), or remove the stack and deploy it anew.",
      ),
    );
  },
};

async function roleNames(): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const page of paginateListRoles({ client: iam() }, { MaxItems: 1000 }))
    for (const { RoleName = "" } of page.Roles ?? []) names.add(RoleName);
  return names;
}

/** The names of the roles that the stack is going to have, from where the stack takes them. */
async function declared({ stack, region, account, parameters }: Subject): Promise<string[]> {
  const { default: declare } = await import("../../stack/roles.cjs");
  const resolveVariable = async (name: string) =>
    name === "self:custom.stack" ? stack : (parameters[name.replace(/^param:/, "")] ?? "");
  const { Resources } = await declare({ resolveVariable });
  const pseudo: Readonly<Record<string, string>> = { Region: region, AccountId: account, Partition: "aws" };
  return Object.values(Resources).flatMap(({ Type, Properties }) => {
    const text = Type === "AWS::IAM::Role" ? Properties.RoleName["Fn::Sub"] : undefined;
    return text === undefined
      ? []
      : [text.replace(/\$\{AWS::(\w+)\}/g, (_, key: string) => pseudo[key] ?? "")];
  });
}
