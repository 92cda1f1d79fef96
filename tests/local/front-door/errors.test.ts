import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ListBucketsCommand, PutBucketCorsCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateActivityCommand, ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { ListTopicsCommand, SNSClient } from "@aws-sdk/client-sns";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { Call } from "../../../local/front-door/front-door.ts";
import { AwsError } from "../../../local/service.ts";
import { closeAfter, testCloud } from "../support.ts";

const stack = { resources: { Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketName: "bucket" } } } };

test("an unknown key is refused in each protocol's own words", async (t) => {
  const { config } = await testCloud(t, stack);
  const stranger = {
    ...config,
    credentials: { accessKeyId: "AKIASTRANGER", secretAccessKey: "x" },
    maxAttempts: 1,
  };
  const clients = {
    s3: new S3Client(stranger),
    sts: new STSClient(stranger),
    ec2: new EC2Client(stranger),
    sfn: new SFNClient(stranger),
  };
  closeAfter(t, ...Object.values(clients));
  await assert.rejects(clients.s3.send(new ListBucketsCommand({})), { name: "InvalidAccessKeyId" });
  await assert.rejects(clients.sts.send(new GetCallerIdentityCommand({})), { name: "InvalidClientTokenId" });
  await assert.rejects(clients.ec2.send(new DescribeInstancesCommand({})), { name: "AuthFailure" });
  const states = clients.sfn.send(new ListStateMachinesCommand({}));
  await assert.rejects(states, { name: "UnrecognizedClientException" });
});

test("a refused upload is answered when its body was sent, not while the client still sends", async (t) => {
  const { config } = await testCloud(t, stack);
  const upload = request(`${config.endpoint}/bucket/key`, { method: "PUT" });
  let status: number | undefined;
  const answered = once(upload, "response").then(([response]: IncomingMessage[]) => {
    status = response?.statusCode;
    response?.resume();
  });
  upload.write("half of ");
  // Time enough for an answer that does not wait.
  await setTimeout(100);
  assert.equal(status, undefined);
  upload.end("it");
  await answered;
  assert.equal(status, 403);
});

test("calls that do not exist here say so", async (t) => {
  const { config } = await testCloud(t, stack);
  const once = { ...config, maxAttempts: 1 };
  const [s3, sfn, lambda] = [new S3Client(once), new SFNClient(once), new LambdaClient(once)];
  closeAfter(t, s3, sfn, lambda);
  const refusal = { name: "NotImplemented", message: /local cloud/ };
  const CORSConfiguration = { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }] };
  await assert.rejects(s3.send(new PutBucketCorsCommand({ Bucket: "bucket", CORSConfiguration })), refusal);
  await assert.rejects(sfn.send(new CreateActivityCommand({ name: "x" })), refusal);
  const create = new CreateFunctionCommand({
    FunctionName: "x",
    Role: "arn:aws:iam::000000000000:role/x",
    Code: {},
  });
  await assert.rejects(lambda.send(create), refusal);
});

test("every call is told, and can be refused", async (t) => {
  const calls: Call[] = [];
  const onCall = (call: Call): void => {
    calls.push(call);
    if (call.action === "ListStateMachines") throw new AwsError("AccessDeniedException", "not you", 400);
  };
  const { config } = await testCloud(t, stack, { onCall });
  const [s3, sns, sfn] = [
    new S3Client(config),
    new SNSClient(config),
    new SFNClient({ ...config, maxAttempts: 1 }),
  ];
  closeAfter(t, s3, sns, sfn);
  await s3.send(new ListBucketsCommand({}));
  await sns.send(new ListTopicsCommand({}));
  const refused = sfn.send(new ListStateMachinesCommand({}));
  await assert.rejects(refused, { name: "AccessDeniedException", message: "not you" });
  assert.deepEqual(
    calls.map(({ service, action, caller }) => [service, action, caller.arn]),
    [
      ["s3", "GET /", "arn:aws:iam::000000000000:user/local"],
      ["sns", "ListTopics", "arn:aws:iam::000000000000:user/local"],
      ["states", "ListStateMachines", "arn:aws:iam::000000000000:user/local"],
    ],
  );
});

test("a request without a signature is refused", async (t) => {
  const { cloud } = await testCloud(t, stack);
  const response = await fetch(`${cloud.endpoint}/bucket/key`);
  assert.equal(response.status, 403);
  assert.match(await response.text(), /<Code>AccessDenied<\/Code>/);
});
