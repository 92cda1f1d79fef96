import {
  DescribeStacksCommand,
  paginateListStackResources,
  type Stack,
  type StackResourceSummary,
} from "@aws-sdk/client-cloudformation";
import { cloudFormation } from "../clients/cloud-formation-client.ts";

/** The stack as CloudFormation has it. */
export interface Deployed {
  readonly status: string;
  readonly reason: string | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly StackResourceSummary[];
}

/** The outputs of the stack of a name; undefined when there is none. */
export async function findOutputs(StackName: string): Promise<Deployed["outputs"] | undefined> {
  const found = await describe(StackName);
  return found && outputsOf(found);
}

/** The stack of a name and all its resources; undefined when there is none. */
export async function findDeployed(StackName: string): Promise<Deployed | undefined> {
  const found = await describe(StackName);
  if (found === undefined) return undefined;
  const resources: StackResourceSummary[] = [];
  for await (const page of paginateListStackResources({ client: cloudFormation() }, { StackName }))
    resources.push(...(page.StackResourceSummaries ?? []));
  return {
    status: found.StackStatus ?? "",
    reason: found.StackStatusReason,
    outputs: outputsOf(found),
    resources,
  };
}

function outputsOf({ Outputs = [] }: Stack): Deployed["outputs"] {
  return Object.fromEntries(Outputs.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
}

async function describe(StackName: string): Promise<Stack | undefined> {
  try {
    const { Stacks } = await cloudFormation().send(new DescribeStacksCommand({ StackName }));
    return Stacks?.find(({ StackStatus }) => StackStatus !== "DELETE_COMPLETE");
  } catch (error) {
    // CloudFormation has no error of its own for this.
    if (error instanceof Error && /does not exist/.test(error.message)) return undefined;
    throw error;
  }
}

/** The AWS names of a stack's resources of one type. */
export function physicalIds({ resources }: Deployed, type: string): string[] {
  return resources.filter((one) => one.ResourceType === type).map((one) => one.PhysicalResourceId ?? "");
}
