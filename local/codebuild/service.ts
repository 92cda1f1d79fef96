import type { Service } from "../service.ts";
import { AwsError } from "../service.ts";
import { members, objects, optionalNumber, optionalText, text, texts } from "../wire/members.ts";
import { paginate } from "../wire/pages.ts";
import { jsonService } from "../wire/services.ts";
import type { Builds } from "./builds.ts";
import type { Build, Phase, Project, Variable } from "./types.ts";

/** What of the builds the API needs: those in a shell, or others. */
type ApiBuilds = Pick<
  Builds,
  "project" | "allProjects" | "start" | "stopBuild" | "find" | "buildsOf" | "stop"
>;

/** CodeBuild's API. Times are seconds since 1970 on the wire. */
export function codeBuildService(builds: ApiBuilds): Service {
  return jsonService(
    ["codebuild"],
    "1.1",
    {
      StartBuild: (input, caller) => {
        const project = builds.project(text(input, "projectName"));
        const source = {
          ...project.source,
          ...given({
            type: optionalText(input, "sourceTypeOverride"),
            location: optionalText(input, "sourceLocationOverride"),
          }),
        };
        if (source.type !== "S3") {
          throw new AwsError("InvalidInputException", "The local cloud builds sources of type S3 only.");
        }
        const build = builds.start(project, {
          source,
          artifacts: { ...project.artifacts, ...members(input, "artifactsOverride") },
          environment: variables(input, "environmentVariablesOverride"),
          buildspec: optionalText(input, "buildspecOverride") ?? optionalText(project.source, "buildspec"),
          token: optionalText(input, "idempotencyToken"),
          initiator: caller.arn.split(":").at(-1) ?? "",
          timeoutMinutes: optionalNumber(input, "timeoutInMinutesOverride"),
        });
        return { build: describe(build, project) };
      },
      StopBuild: async (input) => {
        const build = await builds.stopBuild(text(input, "id"));
        return { build: describe(build, builds.project(build.project)) };
      },
      BatchGetBuilds: (input) => {
        const ids = texts(input, "ids");
        const found = ids.flatMap((id) => builds.find(id) ?? []);
        const missing = ids.filter((id) => builds.find(id) === undefined);
        return {
          builds: found.map((build) => describe(build, builds.project(build.project))),
          buildsNotFound: missing,
        };
      },
      ListBuildsForProject: (input) => {
        const ids = builds.buildsOf(builds.project(text(input, "projectName")).name).map(({ id }) => id);
        if (optionalText(input, "sortOrder") === "ASCENDING") ids.reverse();
        const { items, nextToken } = paginate(ids, optionalText(input, "nextToken"), 100);
        return { ids: items, nextToken };
      },
      ListBuilds: () => ({
        ids: builds.allProjects().flatMap(({ name }) => builds.buildsOf(name).map(({ id }) => id)),
      }),
      ListProjects: () => ({ projects: builds.allProjects().map(({ name }) => name) }),
    },
    () => builds.stop(),
  );
}

/** PLAINTEXT variables of a request or a template. Throws InvalidInputException for other types. */
export function variables(input: Record<string, unknown>, name: string): Variable[] {
  return objects(input, name).map((variable) => {
    const find = (member: string): string | undefined =>
      optionalText(variable, member) ?? optionalText(variable, member[0]?.toUpperCase() + member.slice(1));
    if ((find("type") ?? "PLAINTEXT") !== "PLAINTEXT") {
      throw new AwsError(
        "InvalidInputException",
        "The local cloud knows PLAINTEXT environment variables only.",
      );
    }
    return { name: find("name") ?? "", value: find("value") ?? "" };
  });
}

function given(values: Record<string, string | undefined>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function describe(build: Build, project: Project): Record<string, unknown> {
  return {
    id: build.id,
    arn: build.arn,
    buildNumber: build.number,
    startTime: build.started / 1000,
    endTime: build.ended === undefined ? undefined : build.ended / 1000,
    currentPhase: build.currentPhase,
    buildStatus: build.status,
    buildComplete: build.status !== "IN_PROGRESS",
    projectName: build.project,
    phases: build.phases.map(describePhase),
    source: build.source,
    artifacts: { location: build.artifactLocation },
    environment: {
      type: "LINUX_CONTAINER",
      image: project.image,
      computeType: project.computeType,
      environmentVariables: [...project.environment, ...build.environment].map((one) => ({
        ...one,
        type: "PLAINTEXT",
      })),
    },
    serviceRole: project.roleArn,
    timeoutInMinutes: build.timeoutMinutes,
    queuedTimeoutInMinutes: project.queuedTimeoutMinutes,
    initiator: build.initiator,
    logs: {
      groupName: build.logGroup,
      streamName: build.logStream,
      cloudWatchLogs: { status: "ENABLED", groupName: build.logGroup },
    },
  };
}

function describePhase(phase: Phase): Record<string, unknown> {
  const ended = phase.ended;
  return {
    phaseType: phase.type,
    phaseStatus: phase.status,
    startTime: phase.started / 1000,
    endTime: ended === undefined ? undefined : ended / 1000,
    durationInSeconds: ended === undefined ? undefined : Math.round((ended - phase.started) / 1000),
    contexts: phase.context === undefined ? undefined : [phase.context],
  };
}
