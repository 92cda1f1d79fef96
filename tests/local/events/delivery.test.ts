import assert from "node:assert/strict";
import { test } from "node:test";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Notification } from "../../../local/sns/notifications.ts";
import type { TestStack } from "../support.ts";
import { closeAfter, eventually, functionResource, testCloud } from "../support.ts";

const consumer = `export const handler = async ({ Records }) => {
  const failed = Records.filter(({ body }) => body.includes("poison"));
  for (const { body } of Records) console.log("got " + body);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};`;

const queueOf = (name: string): unknown => ({ "Fn::GetAtt": [name, "Arn"] });
const bridge = { EventBridgeConfiguration: { EventBridgeEnabled: true } };
const mapping = { EventSourceArn: queueOf("Queue"), FunctionName: { Ref: "Consumer" }, BatchSize: 10 };
const policy = { deadLetterTargetArn: queueOf("Dead"), maxReceiveCount: 2 };
const pattern = { source: ["aws.s3"], detail: { bucket: { name: [{ Ref: "Watched" }] } } };
const stack: TestStack = {
  resources: {
    Watched: {
      Type: "AWS::S3::Bucket",
      Properties: { BucketName: "watched", NotificationConfiguration: bridge },
    },
    Silent: { Type: "AWS::S3::Bucket", Properties: { BucketName: "silent" } },
    Dead: { Type: "AWS::SQS::Queue", Properties: { QueueName: "dead" } },
    Queue: {
      Type: "AWS::SQS::Queue",
      Properties: { QueueName: "queue", VisibilityTimeout: 1, RedrivePolicy: policy },
    },
    Events: { Type: "AWS::SQS::Queue", Properties: { QueueName: "events" } },
    Rule: {
      Type: "AWS::Events::Rule",
      Properties: { EventPattern: pattern, Targets: [{ Id: "events", Arn: queueOf("Events") }] },
    },
    Custom: {
      Type: "AWS::Events::Rule",
      Properties: {
        EventPattern: { source: ["test"] },
        Targets: [{ Id: "queue", Arn: queueOf("Queue"), InputPath: "$.detail.text" }],
      },
    },
    QueuePolicy: {
      Type: "AWS::SQS::QueuePolicy",
      Properties: {
        Queues: [{ Ref: "Queue" }, { Ref: "Events" }],
        PolicyDocument: {
          Statement: {
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: "*",
          },
        },
      },
    },
    Consumer: functionResource("consumer"),
    Mapping: {
      Type: "AWS::Lambda::EventSourceMapping",
      Properties: { ...mapping, FunctionResponseTypes: ["ReportBatchItemFailures"] },
    },
    Nightly: {
      Type: "AWS::Scheduler::Schedule",
      Properties: {
        Name: "nightly",
        ScheduleExpression: "cron(0 3 * * ? *)",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: {
          Arn: queueOf("Consumer"),
          RoleArn: queueOf("Role"),
          Input: '{"Records":[{"body":"scheduled"}]}',
        },
      },
    },
    Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: "notes" } },
  },
  functions: { consumer },
  outputs: {
    Queue: { Value: { Ref: "Queue" } },
    Dead: { Value: { Ref: "Dead" } },
    Events: { Value: { Ref: "Events" } },
  },
};

test("changes of a bucket that sends events arrive in AWS's shape, those of others do not", async (t) => {
  const { cloud, config } = await testCloud(t, stack);
  const [s3, sqs] = [new S3Client(config), new SQSClient(config)];
  closeAfter(t, s3, sqs);
  await s3.send(new PutObjectCommand({ Bucket: "silent", Key: "a", Body: "x" }));
  await s3.send(new PutObjectCommand({ Bucket: "watched", Key: "a/b c.html", Body: "hello" }));
  await s3.send(new DeleteObjectCommand({ Bucket: "watched", Key: "a/b c.html" }));
  await s3.send(new DeleteObjectCommand({ Bucket: "watched", Key: "never there" }));
  const receive = new ReceiveMessageCommand({
    QueueUrl: cloud.outputs.Events,
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: 2,
  });
  const { Messages = [] } = await sqs.send(receive);
  const events = Messages.map(({ Body = "" }) => JSON.parse(Body));
  assert.deepEqual(
    events.map((event) => event["detail-type"]),
    ["Object Created", "Object Deleted"],
  );
  const [created, deleted] = events;
  assert.equal(created.source, "aws.s3");
  assert.equal(created.account, "000000000000");
  assert.deepEqual(created.resources, ["arn:aws:s3:::watched"]);
  assert.equal(created.detail.bucket.name, "watched");
  assert.equal(created.detail.reason, "PutObject");
  const { sequencer, ...object } = created.detail.object;
  assert.deepEqual(object, { key: "a/b c.html", size: 5, etag: "5d41402abc4b2a76b9719d911017c592" });
  assert.equal(deleted.detail.reason, "DeleteObject");
  assert.equal(deleted.detail["deletion-type"], "Permanently Deleted");
  assert.ok(deleted.detail.object.sequencer > sequencer);
});

test("a message that fails goes to the dead letters, its batch does not", async (t) => {
  const { cloud, config } = await testCloud(t, stack);
  const clients = [
    new EventBridgeClient(config),
    new SQSClient(config),
    new CloudWatchLogsClient(config),
  ] as const;
  const [events, sqs, logs] = clients;
  closeAfter(t, ...clients);
  const Entries = ["one", "poison", "two"].map((text) => ({
    Source: "test",
    DetailType: "Text",
    Detail: JSON.stringify({ text }),
  }));
  const { FailedEntryCount } = await events.send(new PutEventsCommand({ Entries }));
  assert.equal(FailedEntryCount, 0);
  const receive = new ReceiveMessageCommand({ QueueUrl: cloud.outputs.Dead, WaitTimeSeconds: 2 });
  const dead = await eventually("a dead letter", async () => (await sqs.send(receive)).Messages?.[0]);
  assert.equal(dead.Body, '"poison"');
  const filter = new FilterLogEventsCommand({ logGroupName: "/aws/lambda/consumer", filterPattern: "got" });
  const { events: lines = [] } = await logs.send(filter);
  const count = (text: string): number =>
    lines.filter(({ message = "" }) => message.endsWith(`got "${text}"`)).length;
  assert.deepEqual([count("one"), count("two"), count("poison")], [1, 1, 2]);
  const attributes = new GetQueueAttributesCommand({
    QueueUrl: cloud.outputs.Queue,
    AttributeNames: ["All"],
  });
  const { Attributes = {} } = await sqs.send(attributes);
  assert.equal(Attributes.ApproximateNumberOfMessages, "0");
  assert.equal(Attributes.ApproximateNumberOfMessagesNotVisible, "0");
});

test("a schedule invokes its target with its input", async (t) => {
  const { cloud, config } = await testCloud(t, stack);
  const logs = new CloudWatchLogsClient(config);
  closeAfter(t, logs);
  assert.deepEqual(
    cloud.scheduler.list().map(({ schedule }) => schedule.name),
    ["nightly"],
  );
  cloud.scheduler.fire("nightly");
  const filter = new FilterLogEventsCommand({
    logGroupName: "/aws/lambda/consumer",
    filterPattern: '"got scheduled"',
  });
  await eventually("the scheduled run", async () => (await logs.send(filter)).events?.[0]);
});

test("published messages reach the listener", async (t) => {
  const notes: Notification[] = [];
  const { config } = await testCloud(t, stack, { onNotification: (note) => notes.push(note) });
  const sns = new SNSClient(config);
  closeAfter(t, sns);
  const TopicArn = "arn:aws:sns:us-east-1:000000000000:notes";
  const { MessageId } = await sns.send(
    new PublishCommand({ TopicArn, Subject: "s", Message: "deployed & <live>" }),
  );
  assert.deepEqual(
    notes.map(({ message, messageId }) => [message, messageId]),
    [["deployed & <live>", MessageId]],
  );
});

test("a message may have a form for each protocol; SNS takes no other structure, nor every subject", async (t) => {
  const notes: Notification[] = [];
  const { config } = await testCloud(t, stack, { onNotification: (note) => notes.push(note) });
  const sns = new SNSClient(config);
  closeAfter(t, sns);
  const TopicArn = "arn:aws:sns:us-east-1:000000000000:notes";
  const publish = (Message: string, more: { MessageStructure?: string; Subject?: string }) =>
    sns.send(new PublishCommand({ TopicArn, Message, ...more }));
  const json = { MessageStructure: "json" };
  await publish(JSON.stringify({ default: "for people", sqs: '{"for":"programs"}' }), json);
  assert.deepEqual(
    notes.map(({ message, json }) => ({ message, json })),
    [{ message: "for people", json: '{"for":"programs"}' }],
  );
  const refused = (what: RegExp) => ({ name: "InvalidParameterException", message: what });
  await assert.rejects(publish("no JSON", json), refused(/failed to parse/));
  await assert.rejects(publish('{"sqs":"x"}', json), refused(/No default entry/));
  for (const Subject of ["a".repeat(100), "größer", "two\nlines", " x"]) {
    await assert.rejects(publish("x", { Subject }), refused(/Invalid parameter: Subject/));
  }
});
