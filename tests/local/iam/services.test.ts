import assert from "node:assert/strict";
import { test } from "node:test";
import { CloudWatchLogsClient, DescribeLogStreamsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { closeAfter, eventually, functionResource, type TestStack, testCloud } from "../support.ts";

const arnOf = (name: string): unknown => ({ "Fn::GetAtt": [name, "Arn"] });
const trustsLambda = {
  Statement: { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
};

/** What services of AWS do is refused where no policy lets them. */
const stack: TestStack = {
  resources: {
    Bucket: { Type: "AWS::S3::Bucket", Properties: { BucketName: "guarded" } },
    BucketPolicy: {
      Type: "AWS::S3::BucketPolicy",
      Properties: {
        Bucket: { Ref: "Bucket" },
        PolicyDocument: {
          Statement: {
            ...{ Effect: "Deny", Principal: "*", Action: "s3:PutObject" },
            Resource: "arn:aws:s3:::guarded/closed/*",
          },
        },
      },
    },
    Queue: { Type: "AWS::SQS::Queue", Properties: { QueueName: "queue" } },
    Rule: {
      Type: "AWS::Events::Rule",
      Properties: {
        EventPattern: { source: ["test"] },
        Targets: [
          { Id: "queue", Arn: arnOf("Queue") },
          { Id: "web", Arn: arnOf("Web") },
        ],
      },
    },
    SilentRole: {
      Type: "AWS::IAM::Role",
      Properties: { RoleName: "silent", AssumeRolePolicyDocument: trustsLambda, Policies: [] },
    },
    Web: functionResource("web", { Role: arnOf("SilentRole") }),
    WebUrl: {
      Type: "AWS::Lambda::Url",
      Properties: { AuthType: "NONE", TargetFunctionArn: arnOf("Web") },
    },
  },
  outputs: { Web: { Value: { "Fn::GetAtt": ["WebUrl", "FunctionUrl"] } } },
  functions: { web: `export const handler = async () => { console.log("said"); return "done"; };` },
};

test("a bucket's policy denies even the person", async (t) => {
  const { config } = await testCloud(t, stack);
  const s3 = new S3Client(config);
  closeAfter(t, s3);
  await s3.send(new PutObjectCommand({ Bucket: "guarded", Key: "open", Body: "x" }));
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket: "guarded", Key: "closed/key", Body: "x" })), {
    name: "AccessDenied",
    message:
      "User: arn:aws:iam::000000000000:user/local is not authorized to perform: s3:PutObject on resource: " +
      '"arn:aws:s3:::guarded/closed/key" with an explicit deny in a resource-based policy',
  });
});

test("a rule sends nothing to a queue or a function whose policy does not let it", async (t) => {
  const lines: string[] = [];
  const { config } = await testCloud(t, stack, { log: (line) => lines.push(line) });
  const events = new EventBridgeClient(config);
  closeAfter(t, events);
  await events.send(new PutEventsCommand({ Entries: [{ Source: "test", DetailType: "t", Detail: "{}" }] }));
  for (const [action, target] of [
    ["sqs:SendMessage", "sqs:us-east-1:000000000000:queue"],
    ["lambda:InvokeFunction", "lambda:us-east-1:000000000000:function:web"],
  ]) {
    await eventually(`the log tells of ${target}`, () =>
      lines.find(
        (line) =>
          line.includes(`rule/test-Rule could not deliver to arn:aws:${target}: `) &&
          line.endsWith(`no policy on it lets events.amazonaws.com do ${action} for this rule or schedule.`),
      ),
    );
  }
});

test("a function's URL is closed to everybody until its policy opens it", async (t) => {
  const { cloud } = await testCloud(t, stack);
  const answer = await fetch(cloud.outputs.Web ?? "");
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /^\{"Message":"Forbidden\. For troubleshooting Function URL/);
});

test("a function that may not write its log runs all the same", async (t) => {
  const { config } = await testCloud(t, stack);
  const [lambda, logs] = [new LambdaClient(config), new CloudWatchLogsClient(config)];
  closeAfter(t, lambda, logs);
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: "web" }));
  assert.equal(Payload?.transformToString(), '"done"');
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: "/aws/lambda/web" }));
  assert.deepEqual(logStreams, []);
});

test("a queue is polled in the name of the function's role", async (t) => {
  const mapping = {
    Type: "AWS::Lambda::EventSourceMapping",
    Properties: { EventSourceArn: arnOf("Queue"), FunctionName: { Ref: "Web" } },
  };
  await assert.rejects(testCloud(t, { ...stack, resources: { ...stack.resources, Mapping: mapping } }), {
    name: "ResourceFailed",
    message: /Mapping .* The provided execution role does not have permissions to call ReceiveMessage on SQS/,
  });
});
