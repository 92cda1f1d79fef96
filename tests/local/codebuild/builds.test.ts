import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  BatchGetBuildsCommand,
  type Build,
  CodeBuildClient,
  ListBuildsForProjectCommand,
  StartBuildCommand,
  type StartBuildCommandInput,
  StopBuildCommand,
} from "@aws-sdk/client-codebuild";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { closeAfter, eventually, testCloud, writeZip } from "../support.ts";

const stack = {
  resources: {
    Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketName: "builds" } },
    Project: {
      Type: "AWS::CodeBuild::Project",
      Properties: {
        Name: "project",
        ServiceRole: { "Fn::GetAtt": ["Role", "Arn"] },
        Source: { Type: "S3", Location: "builds/none.zip" },
        Artifacts: { Type: "S3", Location: "builds", Path: "boot", NamespaceType: "NONE", Packaging: "NONE" },
        Cache: { Type: "S3", Location: "builds/cache" },
        Environment: { Image: "debian", EnvironmentVariables: [{ Name: "COLOUR", Value: "red" }] },
      },
    },
  },
};

const good = `
version: 0.2
env: { variables: { COLOUR: none, TASTE: sweet } }
phases:
  install: { commands: ["export STEP=one", "mkdir -p out/deep && cd out"] }
  build:
    commands:
      - echo "$STEP $COLOUR $TASTE $GIVEN" > result.txt
      - cat ../cached/count 2>/dev/null || echo 0 > deep/first
      - |
        mkdir -p ../cached
        echo again > ../cached/count
  post_build: { commands: ['echo "succeeding $CODEBUILD_BUILD_SUCCEEDING in $(basename "$PWD")"'] }
artifacts: { base-directory: out, files: ["**/*"] }
cache: { paths: ["cached/**/*"] }
`;
const bad = `
version: 0.2
phases:
  build:
    commands: ["echo before", "sh -c 'echo broken >&2; exit 3'", "echo never"]
    finally: ["echo finally"]
  post_build: { commands: ['echo "succeeding $CODEBUILD_BUILD_SUCCEEDING"'] }
`;
const slow = `
version: 0.2
phases: { build: { commands: ["sleep 120 & sleep 60"] } }
`;

async function setUp(t: Parameters<typeof testCloud>[0]) {
  const { config, directory } = await testCloud(t, stack);
  const clients = [
    new S3Client(config),
    new CodeBuildClient(config),
    new CloudWatchLogsClient(config),
  ] as const;
  closeAfter(t, ...clients);
  const [s3, codebuild, logs] = clients;
  for (const [name, buildspec] of Object.entries({ good, bad, slow })) {
    const path = join(directory, `${name}.zip`);
    await writeZip(path, { "buildspec.yml": buildspec });
    await s3.send(new PutObjectCommand({ Bucket: "builds", Key: `${name}.zip`, Body: readFileSync(path) }));
  }
  const start = async (name: string, more: object = {}): Promise<string> => {
    const input = {
      projectName: "project",
      sourceTypeOverride: "S3",
      sourceLocationOverride: `builds/${name}.zip`,
    };
    const { build } = await codebuild.send(
      new StartBuildCommand({ ...input, ...more } as StartBuildCommandInput),
    );
    return build?.id ?? "";
  };
  const get = async (id: string): Promise<Build | undefined> =>
    (await codebuild.send(new BatchGetBuildsCommand({ ids: [id] }))).builds?.[0];
  const ended = (id: string): Promise<Build> =>
    eventually(`the end of ${id}`, async () => {
      const build = await get(id);
      return build?.buildComplete === true ? build : undefined;
    });
  const log = async (build: Build): Promise<string> => {
    const { groupName, streamName } = build.logs ?? {};
    const { events = [] } = await logs.send(
      new GetLogEventsCommand({ logGroupName: groupName, logStreamName: streamName, startFromHead: true }),
    );
    return events.map(({ message }) => message).join("\n");
  };
  return { s3, codebuild, start, get, ended, log };
}

test("phases share one shell; artifacts and cache are kept", async (t) => {
  const { s3, start, ended, log } = await setUp(t);
  const artifactsOverride = { type: "S3", location: "builds", path: "boot", name: "abc", packaging: "NONE" };
  const environmentVariablesOverride = [{ name: "GIVEN", value: "by start" }];
  const build = await ended(await start("good", { artifactsOverride, environmentVariablesOverride }));
  const text = await log(build);
  assert.equal(build.buildStatus, "SUCCEEDED", text);
  assert.match(text, /^\[Container\] .* Running command export STEP=one$/m);
  assert.match(text, /^succeeding 1 in out$/m);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "builds", Prefix: "boot/" }));
  assert.deepEqual(
    Contents.map(({ Key }) => Key),
    ["boot/abc/deep/first", "boot/abc/result.txt"],
  );
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: "builds", Key: "boot/abc/result.txt" }));
  assert.equal(await Body?.transformToString(), "one red sweet by start\n");
  assert.match(text, /Unable to download cache: The specified key does not exist/);
  assert.match(await log(await ended(await start("good"))), /^again$/m);
});

test("a failing command ends its phase, and the build says which", async (t) => {
  const { start, ended, log } = await setUp(t);
  const build = await ended(await start("bad"));
  assert.equal(build.buildStatus, "FAILED");
  const phase = build.phases?.find(({ phaseType }) => phaseType === "BUILD");
  assert.equal(phase?.phaseStatus, "FAILED");
  const [context] = phase?.contexts ?? [];
  assert.equal(context?.statusCode, "COMMAND_EXECUTION_ERROR");
  assert.match(context?.message ?? "", /^Error while executing command: sh -c .*\. Reason: exit status 3$/);
  const text = await log(build);
  assert.match(text, /^before$/m);
  assert.match(text, /^broken$/m);
  assert.match(text, /^finally$/m);
  assert.match(text, /^succeeding 0$/m);
  assert.doesNotMatch(text, /^never$/m);
  const missing = await ended(await start("nothing"));
  assert.equal(
    missing.phases?.find(({ phaseType }) => phaseType === "DOWNLOAD_SOURCE")?.phaseStatus,
    "FAILED",
  );
});

test("one build runs at a time, tokens are heeded, and builds can be stopped", async (t) => {
  const { codebuild, start, get, ended } = await setUp(t);
  const first = await start("slow", { idempotencyToken: "t" });
  assert.equal(await start("slow", { idempotencyToken: "t" }), first);
  await assert.rejects(start("good", { idempotencyToken: "t" }), { name: "InvalidInputException" });
  const second = await start("good");
  assert.equal((await get(second))?.currentPhase, "QUEUED");
  await codebuild.send(new StopBuildCommand({ id: first }));
  assert.equal((await ended(first)).buildStatus, "STOPPED");
  assert.equal((await ended(second)).buildStatus, "SUCCEEDED");
  const { ids } = await codebuild.send(new ListBuildsForProjectCommand({ projectName: "project" }));
  assert.deepEqual(ids, [second, first]);
});
