import assert from "node:assert/strict";
import { before, describe, it, test } from "node:test";
import { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import { ListResourceRecordSetsCommand, Route53Client } from "@aws-sdk/client-route-53";
import { accessLogSecretKey } from "../../lib/access-log/secret.ts";
import {
  archiveKey,
  bootKey,
  bootRecordKey,
  chainKey,
  listingKey,
  privateKeyKey,
} from "../../lib/releases/object-keys.ts";
import { matches } from "../../local/iam/wildcards.ts";
import { TestStack } from "../kit/stack.ts";
import { readPackaged, type TemplateResource } from "./packaged.ts";

describe("what a deploy makes", () => {
  let resources: ReadonlyMap<string, TemplateResource>;
  const properties = (id: string) => {
    const found = resources.get(id);
    if (found === undefined) throw new Error(`The template has no ${id}.`);
    return found.Properties;
  };
  const ofType = (type: string) => [...resources].filter(([, { Type }]) => Type === type);

  before(async () => {
    resources = (await readPackaged()).resources;
  });

  it("bear the stack's tag, all that can be tagged", async () => {
    const spec = await loadAwsServiceSpec();
    const taggable = [...resources].filter(([, { Type }]) => {
      const known = spec.lookup("resource", "cloudFormationType", "equals", Type).only();
      return known.tagInformation !== undefined;
    });
    assert.ok(taggable.length > 50, "the types are known");
    for (const [id, { Type, Properties }] of taggable) {
      const tags = Properties?.Tags as { Key: string; Value: string }[] | undefined;
      const stack = tags?.filter(({ Key }) => Key === "mirage-pages:stack").map(({ Value }) => Value);
      assert.deepEqual(stack, ["mirage-pages-prod"], `${id}: add ${Type} to stack/tags-plugin.mjs`);
    }
  });

  it("go with the stack, but for the buckets with the content and the records", () => {
    const retained = [...resources].filter(([, { DeletionPolicy }]) => DeletionPolicy !== undefined);
    assert.deepEqual(retained.map(([id]) => id).sort(), ["ContentBucket", "StateBucket"]);
    for (const [id, { DeletionPolicy, UpdateReplacePolicy }] of retained)
      assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], ["Retain", "Retain"], id);
  });

  it("keep logs for 90 days, of every function too", () => {
    const groups = ofType("AWS::Logs::LogGroup").map(([, { Properties }]) => Properties);
    for (const { RetentionInDays } of groups) assert.equal(RetentionInDays, 90);
    const names = groups.map(({ LogGroupName }) => LogGroupName);
    for (const [, { Properties }] of ofType("AWS::Lambda::Function"))
      assert.ok(names.includes(`/aws/lambda/${Properties.FunctionName}`), String(Properties.FunctionName));
  });

  it("never expire what a kept release uses: nothing but old versions, access logs and what imports left behind", () => {
    interface Rule {
      readonly Status: string;
      readonly Prefix?: string;
      readonly ExpirationInDays?: number;
      readonly Transitions?: unknown;
    }
    const { Rules } = properties("StateBucket").LifecycleConfiguration as { Rules: Rule[] };
    const digest = "0".repeat(64);
    const kept = [
      ...["live.json", "releases/000001.json", "turn/lock.json", "certificates/current.json"],
      ...[chainKey("0"), privateKeyKey("0"), accessLogSecretKey(1)],
      ...[archiveKey(digest), bootKey(digest), bootRecordKey(digest), listingKey(digest)],
    ];
    const expiring = Rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined);
    assert.deepEqual(
      expiring.map(({ Prefix }) => Prefix),
      ["access-logs/", "cursors/", "imports/"],
    );
    for (const { Prefix = "" } of expiring)
      for (const key of kept) assert.ok(!key.startsWith(Prefix), `${key} expires`);
    for (const rule of Rules)
      assert.equal(rule.Transitions, undefined, "archived objects cannot be read at once");
  });

  it("are a network with two public subnets, in two zones, that lets HTTP and HTTPS in and nothing out", () => {
    const subnets = ofType("AWS::EC2::Subnet");
    const zones = subnets.map(([, { Properties }]) => JSON.stringify(Properties.AvailabilityZone));
    assert.deepEqual([subnets.length, new Set(zones).size], [2, 2]);
    const routed = ofType("AWS::EC2::SubnetRouteTableAssociation").map(([, { Properties }]) => Properties);
    assert.deepEqual(
      routed.map(({ SubnetId }) => SubnetId),
      subnets.map(([id]) => ({ Ref: id })),
    );
    const { RouteTableId, DestinationCidrBlock, GatewayId } = properties("DefaultRoute");
    for (const one of routed) assert.deepEqual(one.RouteTableId, RouteTableId);
    assert.equal(DestinationCidrBlock, "0.0.0.0/0");
    assert.deepEqual(GatewayId, properties("InternetGatewayAttachment").InternetGatewayId);
    const { SecurityGroupIngress, SecurityGroupEgress } = properties("SiteSecurityGroup") as {
      readonly [direction: string]: {
        readonly FromPort?: number;
        readonly ToPort?: number;
        CidrIp: string;
      }[];
    };
    assert.deepEqual(
      SecurityGroupIngress?.map(({ FromPort, ToPort, CidrIp }) => [FromPort, ToPort, CidrIp]),
      [80, 443].map((port) => [port, port, "0.0.0.0/0"]),
    );
    assert.deepEqual(
      SecurityGroupEgress?.map(({ CidrIp }) => CidrIp),
      ["127.0.0.1/32"],
    );
  });

  it("are buckets that are encrypted by S3 and private, the state's with versions", () => {
    for (const id of ["ContentBucket", "StateBucket"]) {
      const { BucketEncryption, PublicAccessBlockConfiguration } = properties(id);
      const closed = Object.values(PublicAccessBlockConfiguration as Record<string, boolean>);
      assert.deepEqual(closed, [true, true, true, true], id);
      assert.deepEqual(
        BucketEncryption,
        {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
        },
        id,
      );
    }
    assert.deepEqual(properties("StateBucket").VersioningConfiguration, { Status: "Enabled" });
  });

  it("are state machines that are traced and logged, and functions for ARM", () => {
    const machines = ofType("AWS::StepFunctions::StateMachine");
    assert.equal(machines.length, 3);
    for (const [id, { Properties }] of machines) {
      const { Level, IncludeExecutionData, Destinations } = Properties.LoggingConfiguration as {
        readonly [member: string]: unknown;
      };
      assert.deepEqual(Properties.TracingConfiguration, { Enabled: true }, id);
      assert.deepEqual([Level, IncludeExecutionData], ["ERROR", false], id);
      assert.match(JSON.stringify(Destinations), /MachineLogGroup/, id);
    }
    for (const [id, { Properties }] of ofType("AWS::Lambda::Function"))
      assert.deepEqual([Properties.Runtime, Properties.Architectures], ["nodejs24.x", ["arm64"]], id);
  });

  it("are a build project with one image, a cache and limits, and a certificate's schedule that spares authorities", () => {
    const { Environment, Cache, ...project } = properties("BuildProject");
    const { Image, ImagePullCredentialsType } = Environment as { readonly [member: string]: string };
    assert.match(Image ?? "", /^public\.ecr\.aws\/docker\/library\/debian@sha256:[0-9a-f]{64}$/);
    assert.equal(ImagePullCredentialsType, "SERVICE_ROLE");
    assert.equal((Cache as { Type: string }).Type, "S3");
    for (const limit of ["TimeoutInMinutes", "QueuedTimeoutInMinutes", "ConcurrentBuildLimit"])
      assert.ok(Number(project[limit]) > 0, limit);
    const { FlexibleTimeWindow } = properties("CertificateSchedule");
    assert.deepEqual(FlexibleTimeWindow, { Mode: "FLEXIBLE", MaximumWindowInMinutes: 60 });
  });

  it("tell alarms to a topic that takes them", () => {
    const { Statement } = properties("NotificationTopicPolicy").PolicyDocument as {
      Statement: { Principal: unknown; Condition: { ArnLike: { "aws:SourceArn": { "Fn::Sub": string } } } }[];
    };
    assert.deepEqual(Statement[0]?.Principal, { Service: "cloudwatch.amazonaws.com" });
    const pattern = Statement[0]?.Condition.ArnLike["aws:SourceArn"]["Fn::Sub"].split(":alarm:")[1] ?? "";
    const alarms = ofType("AWS::CloudWatch::Alarm");
    assert.ok(alarms.length >= 9);
    for (const [id, { Properties }] of alarms) {
      assert.ok(matches(pattern, String(Properties.AlarmName)), `${id} may not publish`);
      assert.deepEqual(Properties.AlarmActions, [{ Ref: "NotificationTopic" }], id);
    }
    const { KmsMasterKeyId } = properties("NotificationTopic");
    assert.equal(KmsMasterKeyId, undefined, "alarms cannot use the account's SNS key");
  });

  it("have roles that services assume only for this account's own resources, where AWS says for whom", () => {
    interface Trust {
      readonly Principal: { readonly Service: string };
      readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    }
    const services = new Set<string>();
    for (const [id, { Properties }] of ofType("AWS::IAM::Role")) {
      const document = Properties.AssumeRolePolicyDocument as { Statement: Trust[] };
      for (const { Principal, Condition } of document.Statement) {
        services.add(Principal.Service);
        if (Principal.Service === "lambda.amazonaws.com") continue;
        assert.deepEqual(Condition?.StringEquals?.["aws:SourceAccount"], { Ref: "AWS::AccountId" }, id);
        assert.ok(JSON.stringify(Condition?.ArnLike?.["aws:SourceArn"]).includes("AWS::AccountId"), id);
      }
    }
    assert.deepEqual(
      [...services].sort(),
      ["codebuild", "lambda", "scheduler", "states", "vmie"].map((name) => `${name}.amazonaws.com`),
    );
  });
});

test("with a hosted zone every name has its A record, and the outputs tell what a person needs", async (t) => {
  const stack = await TestStack.start({
    parameters: {
      domain: "example.org",
      aliases: "www.example.org *.example.org",
      hostedZone: "Z0123456789ABCDEFGHIJ",
      email: "you@example.org",
    },
    hostedZones: [{ id: "Z0123456789ABCDEFGHIJ", name: "example.org" }],
  });
  t.after(() => stack.stop());
  const dns = new Route53Client(stack.sdk);
  const query = new ListResourceRecordSetsCommand({ HostedZoneId: "Z0123456789ABCDEFGHIJ" });
  const { ResourceRecordSets = [] } = await dns.send(query).finally(() => dns.destroy());
  const records = ResourceRecordSets.filter(({ Type }) => Type === "A");
  assert.deepEqual(
    records.map(({ Name, ResourceRecords }) => [Name, ResourceRecords?.[0]?.Value]),
    ["example.org.", "\\052.example.org.", "www.example.org."].map((name) => [name, stack.address]),
  );
  const { outputs } = stack.cloud;
  assert.equal(outputs.SyncCommand, `aws s3 sync --delete _site s3://${stack.content} --region us-east-1`);
  assert.equal(outputs.DnsRecord2, `www.example.org. 300 IN A ${stack.address}`);
  assert.equal(outputs.StackRegion, "us-east-1");
  for (const console of ["DeploymentsConsole", "BuildsConsole", "LogsConsole"])
    assert.match(
      outputs[console] ?? "",
      /^https:\/\/us-east-1\.console\.aws\.amazon\.com\/\S+mirage-pages-prod/,
    );
});
