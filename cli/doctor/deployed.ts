import {
  DescribeStacksCommand,
  paginateListStackResources,
  type StackResourceSummary,
} from "@aws-sdk/client-cloudformation";
import { cloudFormation } from "../clients.ts";

/** The stack as CloudFormation has it. */
export interface Deployed {
  readonly status: string;
  readonly reason: string | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly StackResourceSummary[];
}

/** The stack of a name and all its resources; undefined when there is none. */
export async function findDeployed(StackName: string): Promise<Deployed | undefined> {
  const found = await describe(StackName);
  if (found === undefined || found.StackStatus === "DELETE_COMPLETE") return undefined;
  const resources: StackResourceSummary[] = [];
  for await (const page of paginateListStackResources({ client: cloudFormation() }, { StackName }))
    resources.push(...(page.StackResourceSummaries ?? []));
  const outputs = (found.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [
    OutputKey,
    OutputValue,
  ]);
  return {
    status: found.StackStatus ?? "",
    reason: found.StackStatusReason,
    outputs: Object.fromEntries(outputs),
    resources,
  };
}

async function describe(StackName: string) {
  try {
    return (await cloudFormation().send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
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
