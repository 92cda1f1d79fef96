import type { Service } from "../service.ts";
import { AwsError } from "../service.ts";
import { paginate } from "../wire/pages.ts";
import { queryService } from "../wire/services.ts";
import { memberList } from "../wire/xml.ts";
import type { Stack } from "./loader.ts";

/** CloudFormation, as far as looking at the one stack. */
export function cloudFormationService(stack: () => Stack | undefined): Service {
  const find = (name: string | undefined): Stack | undefined => {
    const found = stack();
    if (name === undefined || (found !== undefined && (found.name === name || found.arn === name)))
      return found;
    throw new AwsError("ValidationError", `Stack with id ${name} does not exist`);
  };
  return queryService(["cloudformation"], "http://cloudformation.amazonaws.com/doc/2010-05-15/", {
    DescribeStacks: (input) => {
      const found = find(input.get("StackName"));
      return { Stacks: memberList(found === undefined ? [] : [describe(found)]) };
    },
    // A hundred at most, as AWS: who wants all of them asks ListStackResources.
    DescribeStackResources: (input) => {
      const found = find(input.get("StackName"));
      const resources = resourcesOf(found).map(({ at, ...resource }) => ({
        ...{ StackName: found?.name, StackId: found?.arn },
        ...{ ...resource, Timestamp: at },
      }));
      return { StackResources: memberList(resources.slice(0, 100)) };
    },
    ListStackResources: (input) => {
      const page = paginate(resourcesOf(find(input.get("StackName"))), input.get("NextToken"), 100);
      const summaries = page.items.map(({ at, ...resource }) => ({ ...resource, LastUpdatedTimestamp: at }));
      return { StackResourceSummaries: memberList(summaries), NextToken: page.nextToken };
    },
  });
}

function resourcesOf(stack: Stack | undefined) {
  return (stack?.resources ?? []).map(({ resource, made }) => ({
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: made.ref,
    ResourceType: resource.type,
    ResourceStatus: "CREATE_COMPLETE",
    at: new Date(stack?.created ?? 0).toISOString(),
  }));
}

function describe(stack: Stack) {
  const outputs = Object.entries(stack.outputs).map(([OutputKey, OutputValue]) => ({
    OutputKey,
    OutputValue,
  }));
  const parameters = Object.entries(stack.parameters);
  return {
    StackId: stack.arn,
    StackName: stack.name,
    CreationTime: new Date(stack.created).toISOString(),
    StackStatus: "CREATE_COMPLETE",
    Parameters: memberList(
      parameters.map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    ),
    Outputs: memberList(outputs),
  };
}
