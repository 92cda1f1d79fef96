import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { atEndpoint } from "../../cli/aws.ts";
import { startCloud } from "../../local/cloud.ts";
import { PortInUse } from "../../local/front-door/front-door.ts";
import { DataInUse } from "../../local/lock.ts";
import type { ClientConfig, TestStack } from "./support.ts";
import {
  clientConfig,
  closeAfter,
  cloudOptions,
  functionResource,
  temporaryDirectory,
  testCloud,
  writePackage,
} from "./support.ts";

const stack: TestStack = {
  resources: {
    Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketName: "bucket" } },
    Queue: { Type: "AWS::SQS::Queue", Properties: { QueueName: "queue" } },
    Worker: functionResource("worker"),
  },
  functions: { worker: "export const handler = async () => process.pid;" },
  outputs: { Bucket: { Value: { Ref: "Bucket" } }, Queue: { Value: { Ref: "Queue" } } },
};

const cloudProcess = fileURLToPath(new URL("./cloud-process.ts", import.meta.url));

async function spawnCloud(
  directory: string,
  packageDir: string,
): Promise<{ child: ChildProcess; config: ClientConfig }> {
  const child = spawn(process.execPath, ["--no-warnings", cloudProcess, directory, packageDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: child.stdout as Readable }), "line")) as [string];
  const { endpoint, environment } = JSON.parse(line) as {
    endpoint: string;
    environment: Record<string, string>;
  };
  const credentials = {
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? "",
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? "",
  };
  return { child, config: { endpoint, region: environment.AWS_REGION ?? "", credentials } };
}

test("what was answered survives kill -9", async (t) => {
  const directory = temporaryDirectory(t);
  const packageDir = await writePackage(directory, stack);
  const { child, config } = await spawnCloud(directory, packageDir);
  const [s3, sqs] = [new S3Client(config), new SQSClient(config)];
  for (let index = 0; index < 20; index += 1) {
    await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: `key/../${index}`, Body: `body ${index}` }));
  }
  const QueueUrl = `${config.endpoint}/000000000000/queue`;
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "kept" }));
  child.kill("SIGKILL");
  await once(child, "exit");
  s3.destroy();
  sqs.destroy();
  const again = await startCloud(cloudOptions(directory, packageDir));
  const [after, queue] = [new S3Client(clientConfig(again)), new SQSClient(clientConfig(again))];
  try {
    assert.equal(clientConfig(again).credentials.accessKeyId, config.credentials.accessKeyId);
    const { Contents = [] } = await after.send(new ListObjectsV2Command({ Bucket: "bucket" }));
    assert.equal(Contents.length, 20);
    const { Body } = await after.send(new GetObjectCommand({ Bucket: "bucket", Key: "key/../7" }));
    assert.equal(await Body?.transformToString(), "body 7");
    const { Messages } = await queue.send(new ReceiveMessageCommand({ QueueUrl: again.outputs.Queue }));
    assert.equal(Messages?.[0]?.Body, "kept");
  } finally {
    after.destroy();
    queue.destroy();
    await again.stop();
  }
});

test("SIGTERM ends the process by itself: nothing is left that keeps it", async (t) => {
  const directory = temporaryDirectory(t);
  const packageDir = await writePackage(directory, stack);
  const { child } = await spawnCloud(directory, packageDir);
  child.kill("SIGTERM");
  const [code] = (await once(child, "exit", { signal: AbortSignal.timeout(10_000) })) as [number];
  assert.equal(code, 0);
});

test("one cloud per data directory, and one program per port", async (t) => {
  const { cloud, directory, packageDir } = await testCloud(t, stack);
  const same = cloudOptions(directory, packageDir);
  await assert.rejects(startCloud(same), (error) => {
    return error instanceof DataInUse && error.message.includes(`process ${process.pid}`);
  });
  const port = Number(new URL(cloud.endpoint).port);
  const elsewhere = { ...cloudOptions(join(directory, "other"), packageDir), port };
  await assert.rejects(startCloud(elsewhere), (error) => {
    return error instanceof PortInUse && error.message.includes(String(port));
  });
  await startCloud({ ...elsewhere, port: 0 }).then((other) => other.stop());
});

test("the lock of a dead process is taken over", async (t) => {
  const directory = temporaryDirectory(t);
  const packageDir = await writePackage(directory, stack);
  mkdirSync(join(directory, "data"), { recursive: true });
  writeFileSync(join(directory, "data", "lock.json"), JSON.stringify({ pid: process.pid, started: "1" }));
  const cloud = await startCloud(cloudOptions(directory, packageDir));
  await cloud.stop();
  await cloud.stop();
});

test("a package without a zip or template is refused by name", async (t) => {
  const directory = temporaryDirectory(t);
  const packageDir = await writePackage(directory, stack);
  rmSync(join(packageDir, "worker.zip"));
  const start = (): Promise<unknown> => startCloud(cloudOptions(directory, packageDir));
  await assert.rejects(start(), { name: "ResourceFailed", message: /worker\.zip.*serverless package/ });
  rmSync(packageDir, { recursive: true });
  await assert.rejects(start(), { name: "InvalidTemplate", message: /serverless package/ });
});

test("CloudFormation tells the outputs", async (t) => {
  const { config } = await testCloud(t, stack);
  const client = new CloudFormationClient(config);
  closeAfter(t, client);
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: "test" }));
  assert.deepEqual(Stacks[0]?.Outputs?.[0], { OutputKey: "Bucket", OutputValue: "bucket" });
  const unknown = client.send(new DescribeStacksCommand({ StackName: "nobody" }));
  await assert.rejects(unknown, { name: "ValidationError", message: /does not exist/ });
});

test("the real AWS CLI syncs", async (t) => {
  const { cloud, directory } = await testCloud(t, stack);
  const environment = {
    ...process.env,
    ...cloud.environment,
    AWS_PAGER: "",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const aws = async (...words: string[]): Promise<string> => {
    return (await promisify(execFile)("aws", atEndpoint(cloud.endpoint, ...words), { env: environment }))
      .stdout;
  };
  const site = join(directory, "site");
  mkdirSync(join(site, "a b"), { recursive: true });
  writeFileSync(join(site, "index.html"), "<h1>hello</h1>");
  writeFileSync(join(site, "a b", "ü+&.txt"), "strange");
  writeFileSync(join(site, "large.bin"), Buffer.alloc(20 * 1024 * 1024, 7));
  const keys = async (): Promise<string[]> => {
    const listed = JSON.parse(await aws("s3api", "list-objects-v2", "--bucket", "bucket")) as {
      Contents: { Key: string }[];
    };
    return listed.Contents.map(({ Key }) => Key);
  };
  await aws("s3", "sync", site, "s3://bucket");
  assert.deepEqual(await keys(), ["a b/ü+&.txt", "index.html", "large.bin"]);
  rmSync(join(site, "a b"), { recursive: true });
  assert.match(
    await aws("s3", "sync", "--delete", site, "s3://bucket"),
    /^delete: s3:\/\/bucket\/a b\/ü\+&\.txt$/m,
  );
  assert.deepEqual(await keys(), ["index.html", "large.bin"]);
  await aws("s3", "cp", "s3://bucket/large.bin", join(directory, "copy.bin"));
  const listed = await aws("s3", "sync", "--size-only", "s3://bucket", site);
  assert.equal(listed, "");
});
