import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EBSClient } from "@aws-sdk/client-ebs";
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  DescribeAddressesCommand,
  DisassociateAddressCommand,
  EC2Client,
  ReleaseAddressCommand,
} from "@aws-sdk/client-ec2";
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  Route53Client,
} from "@aws-sdk/client-route-53";
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { Call } from "../../../local/front-door/front-door.ts";
import { AwsError } from "../../../local/service.ts";
import { there } from "../../functions/by-hand.ts";
import { Account, complaints } from "./account.ts";
import { strangersInstance } from "./stranger.ts";

/** Every bad input that an account can have: told with the setting's name, before anything is changed. */
describe("doctor", { timeout: 120_000 }, () => {
  let account: Account;
  let ec2: EC2Client;
  let ebs: EBSClient;
  let route53: Route53Client;
  let s3: S3Client;

  before(async () => {
    account = await Account.start();
    ec2 = new EC2Client(account.stack.sdk);
    ebs = new EBSClient(account.stack.sdk);
    route53 = new Route53Client(account.stack.sdk);
    s3 = new S3Client(account.stack.sdk);
  });
  after(async () => {
    for (const client of [ec2, ebs, route53, s3]) client?.destroy();
    await account?.stop();
  });

  /** The one complaint about a stage that has no stack yet. */
  const refused = async (given: Record<string, string>, refuse?: (call: Call) => void) =>
    complaints(await account.examine("other", given, refuse));

  it("finds nothing wrong with an account in order, and only looks", async () => {
    const findings = await account.examine("other", { email: "you@example.org" });
    assert.deepEqual(
      findings.filter(({ status }) => status !== "ok"),
      [],
    );
    assert.deepEqual(
      [...new Set(findings.map(({ check }) => check))],
      [
        ...[
          "credentials",
          "region",
          "stack",
          "parameters",
          "instance type",
          "quotas",
          "buckets",
          "roles",
          "DNS",
        ],
        "e-mail",
      ],
    );
    const changing = account.calls.filter((call) => !/^\w+ (Describe|Get|List|HEAD )/.test(call));
    assert.deepEqual(changing, []);
  });

  it("finds nothing wrong with a stack that is deployed", async () => {
    assert.equal(complaints(await account.examine("prod")), "");
  });

  it("wrong parameters: each by its name, with what to write", async () => {
    const text = await refused({ settle: "5s", email: "you", intanceType: "t3.nano" });
    assert.match(text, /^parameters: The parameter email is "you", which is no e-mail address/m);
    assert.match(text, /^parameters: The parameter settle is "5s"; write a whole number/m);
    assert.match(text, /intanceType is no parameter of this stack\. Did you mean instanceType\?/);
  });

  it("a bucket name that another account has, or that lies in another region", async () => {
    const heads = (status: number) => (call: Call) => {
      if (/^HEAD \/mirage-pages-other-0{12}\/?$/.test(call.action)) throw new AwsError("Taken", "", status);
    };
    const taken =
      /^buckets: The bucket name mirage-pages-other-0{12} is taken in another (account|region) .*--stage/;
    assert.match(await refused({}, heads(403)), taken);
    assert.match(await refused({}, heads(301)), taken);
  });

  it("a bucket that an earlier stack of the name left", async () => {
    const Bucket = "mirage-pages-other-state-000000000000";
    await s3.send(new CreateBucketCommand({ Bucket }));
    assert.match(
      await refused({}),
      /^buckets: The bucket mirage-pages-other-state-0{12} is there already, .*aws s3 rb/,
    );
    await s3.send(new DeleteBucketCommand({ Bucket }));
    assert.equal(await refused({}), "");
  });

  it("a region without the instance type, or with too few zones of it", async () => {
    const missing = await refused({ instanceType: "x2iezn.2xlarge" });
    assert.match(
      missing,
      /^instance type: The parameter instanceType: us-east-1 has no type "x2iezn\.2xlarge"\. → /,
    );
    const single = /The parameter instanceType: i4i\.large is offered only in us-east-1a; /;
    assert.match(await refused({ instanceType: "i4i.large" }), single);
    const deployed = complaints(await account.examine("prod", { instanceType: "i4i.large" }));
    assert.match(deployed, single);
    assert.match(deployed, /the stack's subnets are in us-east-1a, us-east-1b/);
  });

  it("an instance type that does not boot UEFI, or is no x86_64 machine", async () => {
    const xen = await refused({ instanceType: "t2.nano" });
    assert.match(
      xen,
      /^parameters: The parameter instanceType is "t2\.nano", which is not of the Nitro system/m,
    );
    assert.match(
      xen,
      /^instance type: .*t2\.nano cannot run the machine: it does not boot by UEFI; it runs on xen/m,
    );
    const arm = await refused({ instanceType: "t4g.nano" });
    assert.match(arm, /^instance type: .*t4g\.nano cannot run the machine: it is arm64 and the machine is/m);
  });

  it("a hosted zone that is not there, of another name, not asked by the world, or with a record in the way", async () => {
    const site = { domain: "example.org", aliases: "www.example.org" };
    const missing = await refused({ ...site, hostedZone: "Z0000000000000000NONE" });
    assert.match(
      missing,
      /^hosted zone: The parameter hostedZone: this account has no hosted zone Z0{16}NONE\. → /,
    );

    const other = await hostedZone("example.net");
    const stranger = await refused({ ...site, hostedZone: other.id });
    assert.match(
      stranger,
      /^hosted zone: .* is the zone of example\.net, which cannot hold example\.org, www\.example\.org\./,
    );

    const own = await hostedZone("example.org");
    const given = { ...site, hostedZone: own.id };
    account.dns.zone["example.org"] = { NS: ["ns1.registrar.example"] };
    const elsewhere =
      "hosted zone: example.org is delegated to ns1.registrar.example, not to the hosted zone's ";
    assert.ok((await refused(given)).startsWith(elsewhere + own.nameServers.join(", ")));
    account.dns.zone["example.org"] = { NS: own.nameServers };
    assert.equal(await refused(given), "");

    await ownRecord(own.id, "www.example.org");
    assert.match(
      await refused(given),
      /^hosted zone: The hosted zone has a record already .*: A of www\.example\.org\. → Remove/,
    );
  });

  it("no address left", async () => {
    const taken: string[] = [];
    for (let { AllocationId } = await allocate(); ; { AllocationId } = await allocate()) {
      taken.push(there(AllocationId));
      if (taken.length === 8) break;
    }
    const text = await refused({});
    assert.match(
      text,
      /^quotas: Too few Elastic IP addresses in us-east-1: 9 of 9 in use, and the stack takes 1 more\. → /,
    );
    assert.match(
      text,
      /request-service-quota-increase --service-code ec2 --quota-code L-0263D0A3 --desired-value 10/,
    );
    assert.equal(complaints(await account.examine("prod")), "", "the deployed stack has its address");
    for (const AllocationId of taken) await ec2.send(new ReleaseAddressCommand({ AllocationId }));
  });

  it("no network left, or too few processors for two machines of the type", async () => {
    const { vpcs } = account.stack.cloud.ec2.state;
    const [own] = Object.values(vpcs);
    const others = [1, 2, 3, 4].map((i) => `vpc-${i}`);
    for (const id of others) Object.assign(vpcs, { [id]: { ...own, id } });
    assert.match(
      await refused({}),
      /^quotas: Too few VPCs in us-east-1: 5 of 5 in use, and the stack takes 1 more\. → .* --quota-code L-F678F1CE /,
    );
    for (const id of others) delete (vpcs as Record<string, unknown>)[id];
    assert.match(
      await refused({ instanceType: "m7i.8xlarge" }),
      /^quotas: Too few vCPUs of running instances in us-east-1: 0 of 32 in use, and the stack takes 64 more\./,
    );
    assert.equal(await refused({ instanceType: "m7i.large" }), "");
  });
  const allocate = () => ec2.send(new AllocateAddressCommand({}));

  it("a role of the name that is not the stack's", async () => {
    account.stack.cloud.iam.addRole("mirage-pages-other-settle-us-east-1");
    assert.match(
      await refused({}),
      /^roles: The role mirage-pages-other-settle-us-east-1 is there already, and no stack mirage-pages-other has it\./,
    );
    account.stack.cloud.iam.removeRole("mirage-pages-other-settle-us-east-1");
    assert.equal(await refused({}), "");
  });

  it("an address that something else has: refused, and left where it is", async () => {
    const InstanceId = await strangersInstance(ec2, ebs);
    const { Addresses } = await ec2.send(
      new DescribeAddressesCommand({ PublicIps: [account.stack.address] }),
    );
    const AllocationId = there(Addresses?.[0]?.AllocationId);
    const { AssociationId } = await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
    const text = complaints(await account.examine("prod"));
    const wanted = `^address: The site's address ${account.stack.address} is associated with ${InstanceId}, which this stack did not launch`;
    assert.match(text, new RegExp(wanted));
    assert.match(text, new RegExp(`disassociate-address --association-id ${AssociationId}`));
    await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    assert.equal(complaints(await account.examine("prod")), "");
  });

  it("a role that somebody removed", async () => {
    account.stack.cloud.iam.removeRole("mirage-pages-prod-settle-us-east-1");
    assert.match(
      complaints(await account.examine("prod")),
      /^roles: The stack's role mirage-pages-prod-settle-us-east-1 is gone: somebody removed it, .* → A deploy does not/,
    );
  });

  async function hostedZone(Name: string): Promise<{ id: string; nameServers: string[] }> {
    const made = await route53.send(new CreateHostedZoneCommand({ Name, CallerReference: Name }));
    const id = there(made.HostedZone?.Id).replace("/hostedzone/", "");
    return { id, nameServers: [...(made.DelegationSet?.NameServers ?? [])].sort() };
  }

  async function ownRecord(HostedZoneId: string, Name: string): Promise<void> {
    const ResourceRecordSet = {
      Name,
      Type: "A" as const,
      TTL: 300,
      ResourceRecords: [{ Value: "192.0.2.1" }],
    };
    const Changes = [{ Action: "CREATE" as const, ResourceRecordSet }];
    await route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
  }
});
