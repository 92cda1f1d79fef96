import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Provider, Resource } from "../service.ts";
import { members, optionalNumber, optionalText } from "../wire/members.ts";
import type { Builds } from "./builds.ts";
import type { CachePlace } from "./cache.ts";
import { variables } from "./service.ts";

/** Makes projects. Builds run on this machine, whatever image and compute type they name. */
export function codeBuildProvider(builds: Builds, place: Place): Provider {
  return {
    honoured: {
      "AWS::CodeBuild::Project": [
        ...["Name", "ServiceRole", "Source", "Artifacts.Location", "Artifacts.Path", "Artifacts.Name"],
        ...["Cache", "Environment.EnvironmentVariables", "LogsConfig.CloudWatchLogs.GroupName"],
        ...["TimeoutInMinutes", "QueuedTimeoutInMinutes"],
      ],
    },
    async provision({ stack, logicalId, properties }: Resource) {
      const name = optionalText(properties, "Name") ?? `${stack}-${logicalId}`;
      const environment = members(properties, "Environment");
      const logs = members(members(properties, "LogsConfig"), "CloudWatchLogs");
      const projectArn = arn(place, "codebuild", `project/${name}`);
      builds.define({
        name,
        arn: projectArn,
        roleArn: optionalText(properties, "ServiceRole") ?? "",
        source: lowerNames(members(properties, "Source")),
        artifacts: lowerNames(members(properties, "Artifacts")),
        environment: variables(environment, "EnvironmentVariables"),
        image: optionalText(environment, "Image") ?? "",
        computeType: optionalText(environment, "ComputeType") ?? "",
        timeoutMinutes: optionalNumber(properties, "TimeoutInMinutes") ?? 60,
        queuedTimeoutMinutes: optionalNumber(properties, "QueuedTimeoutInMinutes") ?? 480,
        logGroup: optionalText(logs, "GroupName") ?? `/aws/codebuild/${name}`,
        cache: cacheOf(name, members(properties, "Cache")),
      });
      return { ref: name, attributes: { Arn: projectArn } };
    },
  };
}

/** Local caches are the build host's, which has none here: builds get by without. */
function cacheOf(project: string, cache: Record<string, unknown>): CachePlace | undefined {
  if (optionalText(cache, "Type") !== "S3") return undefined;
  const [bucket = "", ...prefix] = (optionalText(cache, "Location") ?? "").split("/");
  return { bucket, key: [...prefix, `${project}.tar`].join("/") };
}

/** Templates write "BuildSpec" and "NamespaceType" where the API has "buildspec" and "namespaceType". */
function lowerNames(properties: Record<string, unknown>): Record<string, unknown> {
  const lowered = Object.entries(properties).map(([name, value]) => {
    return [name === "BuildSpec" ? "buildspec" : `${name[0]?.toLowerCase() ?? ""}${name.slice(1)}`, value];
  });
  return Object.fromEntries(lowered) as Record<string, unknown>;
}
