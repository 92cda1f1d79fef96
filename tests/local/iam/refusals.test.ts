import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BatchGetBuildsCommand, CodeBuildClient, StartBuildCommand } from "@aws-sdk/client-codebuild";
import { EBSClient, PutSnapshotBlockCommand, StartSnapshotCommand } from "@aws-sdk/client-ebs";
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  CreateTagsCommand,
  DescribeInstancesCommand,
  EC2Client,
  ImportSnapshotCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { Role } from "../../../local/iam/directory.ts";
import { TestStack } from "../../kit/stack.ts";

/** The packaged stack's own roles, one call each through the real SDK. */
describe("a role's policies are enforced", { timeout: 60_000 }, () => {
  let stack: TestStack;
  const clients: { destroy(): void }[] = [];

  before(async () => {
    stack = await TestStack.start({ recorded: false });
    await stack.put(stack.state, "turn/lock.json", "{}");
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await stack?.stop();
  });

  const role = (name: string): Role => {
    const found = stack.cloud.iam.role(`mirage-pages-prod-${name}-us-east-1`);
    if (found === undefined) throw new Error(`The stack has no role for ${name}.`);
    return found;
  };
  /** A client that calls with the credentials of a function's role. */
  function as<C extends { destroy(): void }>(
    name: string,
    Client: new (config: TestStack["sdk"] & { maxAttempts: number }) => C,
  ): C {
    const client = new Client({ ...stack.sdk, credentials: { ...role(name).key }, maxAttempts: 1 });
    clients.push(client);
    return client;
  }
  const lock = () => ({ Bucket: stack.state, Key: "turn/lock.json" });
  const refused = (name: string, action: string, httpStatusCode: number) => (error: unknown) => {
    const { name: code, message, $metadata } = error as Error & { $metadata: { httpStatusCode: number } };
    assert.equal(code, name, message);
    assert.match(message, /^(You are not authorized to perform this operation\. )?User: /);
    assert.match(message, new RegExp(`not authorized to perform: ${action} on resource: `));
    assert.equal($metadata.httpStatusCode, httpStatusCode);
    return true;
  };

  it("in S3: AccessDenied", async () => {
    const s3 = as("plan", S3Client);
    await assert.rejects(s3.send(new GetObjectCommand(lock())), refused("AccessDenied", "s3:GetObject", 403));
    const put = new PutObjectCommand({ ...lock(), Body: "mine" });
    await assert.rejects(s3.send(put), refused("AccessDenied", "s3:PutObject", 403));
    const remove = new DeleteObjectsCommand({ Bucket: stack.state, Delete: { Objects: [lock()] } });
    await assert.rejects(s3.send(remove), refused("AccessDenied", "s3:DeleteObject", 403));
    const list = new ListObjectsV2Command({ Bucket: stack.content });
    await assert.rejects(s3.send(list), refused("AccessDenied", "s3:ListBucket", 403));
    assert.equal(await stack.read("turn/lock.json"), "{}");
    const allowed = await as("take-turn", S3Client).send(new GetObjectCommand(lock()));
    assert.equal(await allowed.Body?.transformToString(), "{}");
  });

  it("in S3: deleting by ETag asks for GetObject too", async () => {
    await stack.put(stack.state, "requests/x.json", "{}");
    const { ETag } = await as("take-turn", S3Client).send(
      new GetObjectCommand({ Bucket: stack.state, Key: "requests/x.json" }),
    );
    const deleter = stack.cloud.iam.addRole("deleter");
    const Resource = `arn:aws:s3:::${stack.state}/requests/*`;
    deleter.policies.set("delete", { Statement: { Effect: "Allow", Action: "s3:DeleteObject", Resource } });
    const s3 = new S3Client({ ...stack.sdk, credentials: { ...deleter.key } });
    clients.push(s3);
    const remove = { Bucket: stack.state, Key: "requests/x.json" };
    const guarded = new DeleteObjectCommand({ ...remove, ...(ETag && { IfMatch: ETag }) });
    await assert.rejects(s3.send(guarded), refused("AccessDenied", "s3:GetObject", 403));
    await s3.send(new DeleteObjectCommand(remove));
  });

  it("in S3: a missing key is 404 only to who may list", async () => {
    const missing = new GetObjectCommand({ Bucket: stack.state, Key: "live.json" });
    const s3 = as("plan", S3Client);
    await assert.rejects(s3.send(missing), { name: "NoSuchKey" });
    const restore = without(role("plan"), "s3:ListBucket");
    await assert.rejects(s3.send(missing), { name: "AccessDenied" });
    restore();
  });

  it("in EC2: UnauthorizedOperation, also for tags", async () => {
    const address = stack.cloud.outputs.SiteAddress;
    const { addresses } = stack.cloud.ec2.state;
    const [AllocationId] = Object.entries(addresses)
      .filter(([, one]) => one.publicAddress === address)
      .map(([id]) => id);
    const denied = (action: string) => refused("UnauthorizedOperation", action, 403);
    const ec2 = as("notify", EC2Client);
    await assert.rejects(ec2.send(new DescribeInstancesCommand({})), denied("ec2:DescribeInstances"));
    const move = new AssociateAddressCommand({ ...(AllocationId && { AllocationId }), InstanceId: "i-0123" });
    await assert.rejects(ec2.send(move), denied("ec2:AssociateAddress"));
    // move-address may move the stack's own address, and comes as far as the instance that is not there.
    const mover = as("move-address", EC2Client);
    const person = new EC2Client(stack.sdk);
    clients.push(person);
    await assert.rejects(mover.send(move), { name: "InvalidInstanceID.NotFound" });
    const { AllocationId: another } = await person.send(new AllocateAddressCommand({}));
    const steal = new AssociateAddressCommand({
      ...(another && { AllocationId: another }),
      InstanceId: "i-0123",
    });
    await assert.rejects(mover.send(steal), denied("ec2:AssociateAddress"));
    const Tags = [{ Key: "mirage-pages:stack", Value: "mirage-pages-prod" }];
    const take = new CreateTagsCommand({ Resources: [AllocationId ?? ""], Tags });
    await assert.rejects(as("register-image", EC2Client).send(take), denied("ec2:CreateTags"));
    const end = new TerminateInstancesCommand({ InstanceIds: ["i-0123"] });
    await assert.rejects(mover.send(end), denied("ec2:TerminateInstances"));
  });

  it("in EC2: the import service is passed the role that is for it, and no other", async () => {
    const ec2 = as("start-import", EC2Client);
    await stack.put(stack.state, "imports/000001.raw", Buffer.alloc(512));
    const importAs = (name: string) =>
      ec2.send(
        new ImportSnapshotCommand({
          RoleName: `mirage-pages-prod-${name}-us-east-1`,
          DiskContainer: {
            Format: "RAW",
            UserBucket: { S3Bucket: stack.state, S3Key: "imports/000001.raw" },
          },
          TagSpecifications: [
            {
              ResourceType: "import-snapshot-task",
              Tags: [{ Key: "mirage-pages:stack", Value: "mirage-pages-prod" }],
            },
          ],
        }),
      );
    await assert.rejects(importAs("build"), refused("UnauthorizedOperation", "iam:PassRole", 403));
    assert.match((await importAs("disk-import")).ImportTaskId ?? "", /^import-snap-/);
  });

  it("in EBS: AccessDeniedException without the stack's tag, and on others' snapshots", async () => {
    const ebs = as("start-import", EBSClient);
    const denied = (action: string) => refused("AccessDeniedException", action, 403);
    await assert.rejects(ebs.send(new StartSnapshotCommand({ VolumeSize: 1 })), denied("ebs:StartSnapshot"));
    const mine = new EBSClient(stack.sdk);
    clients.push(mine);
    const { SnapshotId } = await mine.send(new StartSnapshotCommand({ VolumeSize: 1 }));
    const data = Buffer.alloc(524_288);
    const block = new PutSnapshotBlockCommand({
      ...{ SnapshotId, BlockIndex: 0, DataLength: data.length, BlockData: data },
      ...{ Checksum: "x", ChecksumAlgorithm: "SHA256" },
    });
    await assert.rejects(ebs.send(block), denied("ebs:PutSnapshotBlock"));
    const Tags = [{ Key: "mirage-pages:stack", Value: "mirage-pages-prod" }];
    const own = await ebs.send(new StartSnapshotCommand({ VolumeSize: 1, Tags }));
    assert.match(own.SnapshotId ?? "", /^snap-/);
  });

  it("in the JSON protocols: AccessDeniedException", async () => {
    const denied = (action: string) => refused("AccessDeniedException", action, 400);
    const sfn = as("commit", SFNClient);
    const start = new StartExecutionCommand({ stateMachineArn: stack.machineArn("deploy") });
    await assert.rejects(sfn.send(start), denied("states:StartExecution"));
    const executionArn = `${stack.machineArn("retire").replace(":stateMachine:", ":execution:")}:x`;
    await assert.rejects(
      sfn.send(new DescribeExecutionCommand({ executionArn })),
      denied("states:DescribeExecution"),
    );
    const codebuild = as("poll-build", CodeBuildClient);
    const build = new StartBuildCommand({ projectName: "mirage-pages-prod" });
    await assert.rejects(codebuild.send(build), denied("codebuild:StartBuild"));
    const others = new BatchGetBuildsCommand({ ids: ["another-project:1"] });
    await assert.rejects(codebuild.send(others), denied("codebuild:BatchGetBuilds"));
  });

  it("in the query protocol: SNS's AuthorizationError; who one is may always be asked", async () => {
    const arn = "arn:aws:sns:us-east-1:000000000000:another-topic";
    const publish = new PublishCommand({ TopicArn: arn, Message: "x" });
    const denied = refused("AuthorizationErrorException", "sns:Publish", 403);
    await assert.rejects(as("notify", SNSClient).send(publish), denied);
    const { Arn } = await as("plan", STSClient).send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, role("plan").arn);
  });

  it("refuses roles what it cannot judge", async () => {
    const ec2 = as("launch-instance", EC2Client);
    role("launch-instance").policies.set("all", {
      Statement: { Effect: "Allow", Action: "*", Resource: "*" },
    });
    const refusal = { name: "UnauthorizedOperation", message: /does not know how to authorise/ };
    await assert.rejects(ec2.send(new AllocateAddressCommand({})), refusal);
    role("launch-instance").policies.delete("all");
  });

  it("refuses a call whose statement was removed, and heeds an explicit deny", async () => {
    const s3 = as("take-turn", S3Client);
    const get = () => s3.send(new GetObjectCommand(lock()));
    await get();
    const restore = without(role("take-turn"), "s3:GetObject");
    await assert.rejects(get(), refused("AccessDenied", "s3:GetObject", 403));
    restore();
    await get();
    const { policies } = role("take-turn");
    policies.set("never", { Statement: { Effect: "Deny", Action: "s3:*", Resource: "*" } });
    await assert.rejects(get(), { name: "AccessDenied", message: /with an explicit deny/ });
    policies.delete("never");
    await get();
  });
});

/** Takes every statement that names an action out of a role; gives what puts them back. */
function without({ policies }: Role, action: string): () => void {
  const before = new Map(policies);
  for (const [name, document] of before) {
    const { Statement } = document as { Statement: { Action: string | string[] }[] };
    const kept = Statement.filter(({ Action }) => ![Action].flat().includes(action));
    policies.set(name, { Statement: kept });
  }
  return () => {
    for (const [name, document] of before) policies.set(name, document);
  };
}
