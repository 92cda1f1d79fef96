import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { BatchGetBuildsCommand, type Build, StartBuildCommand } from "@aws-sdk/client-codebuild";
import { BuildFailed } from "../errors.ts";
import { setting } from "../settings.ts";
import { codebuild } from "./codebuild-client.ts";
import { logs } from "./logs-client.ts";

/** Lines of a failed build's log that its error shows. */
const LOG_LINES = 25;

/** Starts the build of a source that lies in the state bucket, or finds the one with the same token. */
export async function startBuild(build: string, sourceKey: string, token: string): Promise<string> {
  const bucket = setting("STATE_BUCKET");
  const { build: started } = await codebuild().send(
    new StartBuildCommand({
      projectName: setting("BUILD_PROJECT"),
      idempotencyToken: token,
      sourceTypeOverride: "S3",
      sourceLocationOverride: `${bucket}/${sourceKey}`,
      artifactsOverride: {
        type: "S3",
        location: bucket,
        path: "boot",
        name: build,
        namespaceType: "NONE",
        packaging: "NONE",
        overrideArtifactName: false,
        encryptionDisabled: true,
      },
      environmentVariablesOverride: [
        { name: "MIRAGE_PAGES_BACKEND", value: setting("BACKEND"), type: "PLAINTEXT" },
        { name: "MIRAGE_PAGES_BUILD", value: build, type: "PLAINTEXT" },
      ],
    }),
  );
  return started?.id ?? "";
}

/** Whether a build has succeeded. Throws BuildFailed with the last lines of its log when it ended otherwise. */
export async function hasBuilt(buildId: string): Promise<boolean> {
  const { builds } = await codebuild().send(new BatchGetBuildsCommand({ ids: [buildId] }));
  const build = builds?.[0];
  if (build === undefined) throw new BuildFailed(`The build ${buildId} is gone; deploy again.`);
  if (build.buildStatus === "SUCCEEDED") return true;
  if (build.buildStatus === "IN_PROGRESS") return false;
  throw new BuildFailed(
    `The unikernel did not build (${build.buildStatus}, phase ${failedPhase(build)}). Log ${buildId}:\n` +
      (await lastLines(build)),
  );
}

function failedPhase(build: Build): string {
  const phase = build.phases?.find(
    ({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== "SUCCEEDED",
  );
  const context = phase?.contexts
    ?.map(({ message }) => message)
    .filter(Boolean)
    .join("; ");
  return `${phase?.phaseType ?? build.currentPhase ?? "unknown"}${context ? `: ${context}` : ""}`;
}

async function lastLines(build: Build): Promise<string> {
  const { groupName, streamName } = build.logs ?? {};
  if (groupName === undefined || streamName === undefined) return "(no log was written)";
  try {
    const { events } = await logs().send(
      new GetLogEventsCommand({
        logGroupName: groupName,
        logStreamName: streamName,
        limit: LOG_LINES,
        startFromHead: false,
      }),
    );
    return (events ?? []).map(({ message }) => (message ?? "").trimEnd()).join("\n");
  } catch (error) {
    // The build's failure is the news; that its log cannot be read is said beside it.
    return `(its log cannot be read: ${error instanceof Error ? error.message : String(error)})`;
  }
}
