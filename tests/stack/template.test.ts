import assert from "node:assert/strict";
import { cp, readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import yauzl from "yauzl";
import { evaluateFor } from "../../local/iam/resource-policies.ts";
import { writeSourceZip } from "../../stack/source-plugin.mjs";
import { root } from "../kit/package.ts";
import { TestStack } from "../kit/stack.ts";
import { scratch } from "../lib/scratch.ts";
import { readPackaged } from "./packaged.ts";

/** What of the template has no effect on the local cloud, and why that may be. */
const UNHONOURED: Readonly<Record<string, string>> = {
  "AWS::CloudWatch::Alarm as a whole":
    "nothing collects metrics: the tests look at what alarms say and may do",
  "AWS::CodeBuild::Project Artifacts.EncryptionDisabled": "buckets here encrypt nothing",
  "AWS::CodeBuild::Project Artifacts.NamespaceType": "NONE is all there is here",
  "AWS::CodeBuild::Project Artifacts.Packaging": "NONE is all there is here",
  "AWS::CodeBuild::Project Artifacts.Type": "S3 is all there is here",
  "AWS::CodeBuild::Project ConcurrentBuildLimit": "builds run one by one here, as its value 1 says",
  "AWS::CodeBuild::Project Environment.ComputeType": "builds run on this machine",
  "AWS::CodeBuild::Project Environment.Image":
    "builds run on this machine, which has the same Debian packages",
  "AWS::CodeBuild::Project Environment.ImagePullCredentialsType": "builds run on this machine",
  "AWS::CodeBuild::Project Environment.Type": "builds run on this machine",
  "AWS::CodeBuild::Project LogsConfig.CloudWatchLogs.Status": "a build always has its log",
  "AWS::EC2::InternetGateway as a whole": "nothing is routed: addresses are loopback's",
  "AWS::EC2::VPCGatewayAttachment as a whole": "nothing is routed",
  "AWS::EC2::RouteTable as a whole": "nothing is routed",
  "AWS::EC2::Route as a whole": "nothing is routed",
  "AWS::EC2::SubnetRouteTableAssociation as a whole": "nothing is routed",
  "AWS::Logs::LogGroup RetentionInDays": "logs go with the data directory",
  "AWS::Lambda::Function Architectures": "functions run on this machine's processor",
  "AWS::Lambda::Function Code.S3Bucket": "the zips lie beside the template",
  "AWS::S3::Bucket BucketEncryption": "ETags are digests, as with SSE-S3; nothing is encrypted on this disk",
  "AWS::S3::Bucket DeletionPolicy": "stacks are not deleted here",
  "AWS::S3::Bucket UpdateReplacePolicy": "buckets are not replaced here",
  "AWS::S3::Bucket PublicAccessBlockConfiguration":
    "nobody gets in without a signature, whatever a policy says",
  "AWS::S3::Bucket VersioningConfiguration": "nothing of the system reads old versions; they are for people",
  "AWS::S3::Bucket LifecycleConfiguration": "rules of days: the data directory does not live that long",
  "AWS::SQS::Queue MessageRetentionPeriod": "14 days: the data directory does not live that long",
  "AWS::Scheduler::Schedule FlexibleTimeWindow":
    "schedules go off on time: no authority is to be spared here",
  "AWS::StepFunctions::StateMachine LoggingConfiguration": "the history is kept whole",
  "AWS::StepFunctions::StateMachine TracingConfiguration": "there is no X-Ray",
};

test("the local cloud does all that the template asks for, but what is listed here", async () => {
  const stack = await TestStack.start();
  const { unhonoured, stack: loaded } = stack.cloud;
  await stack.stop();
  const seen = new Set(unhonoured.map(({ type, property }) => `${type} ${property ?? "as a whole"}`));
  assert.deepEqual([...seen].sort(), Object.keys(UNHONOURED).sort());

  // Its buckets refuse plain HTTP, by whomever; the local endpoint itself stands for TLS.
  const policies = loaded.resources.filter(({ resource: { type } }) => type === "AWS::S3::BucketPolicy");
  assert.ok(policies.length >= 2, `${policies.length} policies`);
  for (const { resource } of policies) {
    const { Bucket, PolicyDocument } = resource.properties;
    for (const target of [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/index.html`]) {
      const over = (secure: string) => {
        const question = { action: "s3:GetObject", resource: target };
        const context = { "aws:SecureTransport": [secure] };
        return evaluateFor("anybody", [PolicyDocument], { ...question, context }).effect;
      };
      assert.deepEqual([over("false"), over("true")], ["explicit deny", "implicit deny"], target);
    }
  }
});

test("roles name what they act on; `*` stands only where AWS knows no resource", async () => {
  const { resources } = await readPackaged();
  interface Statement {
    readonly Effect: string;
    readonly Action: string | string[];
    readonly Resource: unknown;
  }
  const free = new Map<string, Set<string>>();
  for (const { Type, Properties } of resources.values()) {
    if (Type !== "AWS::IAM::Role") continue;
    const policies = (Properties.Policies ?? []) as {
      PolicyName: string;
      PolicyDocument: { Statement: Statement[] };
    }[];
    for (const { PolicyName, PolicyDocument } of policies) {
      for (const { Effect, Action, Resource } of PolicyDocument.Statement) {
        assert.equal(Effect, "Allow");
        for (const action of [Action].flat()) {
          assert.ok(!/:\*$|^\*/.test(action), `${PolicyName} may do ${action}`);
          if (![Resource].flat().includes("*") || /^ec2:Describe[A-Z]/.test(action)) continue;
          free.set(PolicyName, (free.get(PolicyName) ?? new Set()).add(action.split(":")[0] ?? ""));
        }
      }
    }
  }
  assert.deepEqual(
    Object.fromEntries([...free].map(([name, services]) => [name, [...services].sort()])),
    // Tracing and the delivery of logs know no resources; what the disk import makes has no name yet.
    {
      "deploy-machine": ["logs", "xray"],
      "retire-machine": ["logs", "xray"],
      "certificate-machine": ["logs", "xray"],
      "disk-import": ["ec2"],
    },
  );
});

test("source.zip has the same bytes each time, whatever the times of the files", async (t) => {
  const directory = await scratch(t);
  const zipOf = async (from: string, name: string) => {
    await writeSourceZip(from, join(directory, name));
    return readFile(join(directory, name));
  };
  const first = await zipOf(root, "first.zip");
  assert.ok(first.equals(await zipOf(root, "second.zip")));

  const copy = join(directory, "copy");
  for (const part of ["buildspec.yml", "build", "unikernel"])
    await cp(join(root, part), join(copy, part), {
      recursive: true,
      filter: (path) => !/\/(_build|build-output|\.cache|node_modules)$/.test(path),
    });
  const names = await membersOf(first);
  for (const name of names) await utimes(join(copy, name), 1_000_000_000, 1_000_000_000);
  assert.ok(first.equals(await zipOf(copy, "third.zip")));

  assert.ok(names.includes("buildspec.yml"));
  assert.equal(new Set(names).size, names.length);
  const elsewhere = names.filter((name) => !/^(buildspec\.yml$|build\/|unikernel\/)/.test(name));
  assert.deepEqual(elsewhere, []);
});

async function membersOf(zip: Buffer): Promise<string[]> {
  const archive = await promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer)(zip, {
    lazyEntries: false,
  });
  return new Promise((done, failed) => {
    const names: string[] = [];
    archive.on("entry", ({ fileName }: yauzl.Entry) => names.push(fileName));
    archive.on("error", failed);
    archive.on("end", () => done(names));
  });
}
