import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from "@aws-sdk/client-route-53";
import { startCloud } from "../../../local/cloud.ts";
import { clientConfig, closeAfter, cloudOptions, testCloud } from "../support.ts";

const Z = "Z0123456789ABCDEFGHIJ";

function records(type: "A" | "TXT" | "CNAME", Name: string, ...values: string[]) {
  return { Name, Type: type, TTL: 60, ResourceRecords: values.map((Value) => ({ Value })) };
}

test("zones and their record sets, through the SDK", async (t) => {
  const { cloud, config } = await testCloud(t, { resources: {} });
  const dns = new Route53Client(config);
  closeAfter(t, dns);
  const zone = { Name: "Example.org", CallerReference: "once", HostedZoneConfig: { Comment: "mine" } };
  const made = await dns.send(new CreateHostedZoneCommand(zone));
  const HostedZoneId = made.HostedZone?.Id?.replace("/hostedzone/", "") ?? "";
  assert.match(made.HostedZone?.Id ?? "", /^\/hostedzone\/Z[A-Z0-9]{20}$/);
  assert.equal(made.HostedZone?.Name, "example.org.");
  assert.equal(made.DelegationSet?.NameServers?.length, 4);
  await assert.rejects(dns.send(new CreateHostedZoneCommand(zone)), { name: "HostedZoneAlreadyExists" });
  const found = await dns.send(new GetHostedZoneCommand({ Id: HostedZoneId }));
  assert.equal(found.HostedZone?.Config?.Comment, "mine");
  await assert.rejects(dns.send(new GetHostedZoneCommand({ Id: "Z000" })), (error: Error) => {
    assert.equal(error.name, "NoSuchHostedZone");
    assert.match(error.message, /No hosted zone found with ID: Z000/);
    return true;
  });

  const change = (...Changes: Change[]) =>
    dns.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
  const list = async (from: { StartRecordName?: string; MaxItems?: number } = {}) =>
    (await dns.send(new ListResourceRecordSetsCommand({ HostedZoneId, ...from }))).ResourceRecordSets ?? [];
  const { ChangeInfo } = await change(
    { Action: "CREATE", ResourceRecordSet: records("A", "example.org", "192.0.2.1") },
    { Action: "UPSERT", ResourceRecordSet: records("A", "*.example.org", "192.0.2.1") },
    { Action: "UPSERT", ResourceRecordSet: records("TXT", "_acme-challenge.example.org", '"a"', '"b"') },
  );
  assert.equal(ChangeInfo?.Status, "PENDING");
  await pause(600);
  const spread = await dns.send(new GetChangeCommand({ Id: ChangeInfo?.Id }));
  assert.equal(spread.ChangeInfo?.Status, "INSYNC");
  await assert.rejects(dns.send(new GetChangeCommand({ Id: "C000" })), { name: "NoSuchChange" });
  assert.deepEqual(
    (await list()).map(({ Name, Type }) => `${Type} ${Name}`),
    [
      "A example.org.",
      "NS example.org.",
      "SOA example.org.",
      "A \\052.example.org.",
      "TXT _acme-challenge.example.org.",
    ],
  );
  const [wildcard] = await list({ StartRecordName: "*.example.org", MaxItems: 1 });
  assert.equal(wildcard?.ResourceRecords?.[0]?.Value, "192.0.2.1");

  const refused: readonly (readonly [Change["Action"] & string, Change["ResourceRecordSet"], RegExp])[] = [
    [
      "CREATE",
      records("A", "example.org", "192.0.2.2"),
      /Tried to create .*name='example\.org\.', type='A'\] but it already exists/,
    ],
    ["DELETE", records("A", "www.example.org", "192.0.2.1"), /but it was not found/],
    [
      "DELETE",
      records("A", "example.org", "192.0.2.9"),
      /the values provided do not match the current values/,
    ],
    [
      "UPSERT",
      records("A", "example.net", "192.0.2.1"),
      /DNS name example\.net\. is not permitted in zone example\.org\./,
    ],
    ["UPSERT", records("A", "notexample.org", "192.0.2.1"), /is not permitted in zone/],
    ["UPSERT", records("A", "a.example.org", "300.0.2.1"), /not a valid IPv4 address/],
    ["UPSERT", records("TXT", "a.example.org", "bare"), /enclosed in quotation marks/],
    ["UPSERT", records("CNAME", "example.org", "example.net"), /conflicts with other records/],
  ];
  const before = await list();
  for (const [Action, ResourceRecordSet, told] of refused) {
    const alongside: Change = {
      Action: "UPSERT",
      ResourceRecordSet: records("A", "b.example.org", "192.0.2.1"),
    };
    await assert.rejects(change(alongside, { Action, ResourceRecordSet }), (error: Error) => {
      assert.equal(error.name, "InvalidChangeBatch");
      assert.match(error.message, told);
      return true;
    });
  }
  assert.deepEqual(await list(), before, "a refused batch changes nothing");
  await change({ Action: "DELETE", ResourceRecordSet: before.find(({ Type }) => Type === "TXT") });
  assert.equal((await list()).length, before.length - 1);
  await cloud.stop();
});

test("lists of zones and of record sets come in pages", async (t) => {
  const names = ["b.example", "a.example", "a.test"];
  const hostedZones = names.map((name, i) => ({ id: `Z${i}`, name }));
  const { config } = await testCloud(t, { resources: {} }, { hostedZones });
  const dns = new Route53Client(config);
  closeAfter(t, dns);
  const first = await dns.send(new ListHostedZonesCommand({ MaxItems: 2 }));
  assert.deepEqual(
    first.HostedZones?.map(({ Name }) => Name),
    ["a.example.", "b.example."],
  );
  assert.equal(first.IsTruncated, true);
  const second = await dns.send(new ListHostedZonesCommand({ MaxItems: 2, Marker: first.NextMarker }));
  assert.deepEqual(
    second.HostedZones?.map(({ Name }) => Name),
    ["a.test."],
  );
  assert.equal(second.IsTruncated, false);
  const byName = await dns.send(new ListHostedZonesByNameCommand({ DNSName: "b.example", MaxItems: 1 }));
  assert.equal(byName.HostedZones?.[0]?.Id, "/hostedzone/Z0");
  assert.equal(byName.NextDNSName, "a.test.");
  const sets = new ListResourceRecordSetsCommand({ HostedZoneId: "Z0", MaxItems: 1 });
  const page = await dns.send(sets);
  assert.equal(page.NextRecordType, "SOA");
  const last = await dns.send(
    new ListResourceRecordSetsCommand({
      HostedZoneId: "Z0",
      StartRecordName: page.NextRecordName,
      StartRecordType: page.NextRecordType,
    }),
  );
  assert.deepEqual(
    last.ResourceRecordSets?.map(({ Type }) => Type),
    ["SOA"],
  );
});

test("a stack puts its records into a zone that is there, and zones outlive the local cloud", async (t) => {
  const site = { Type: "AWS::EC2::EIP", Properties: { Domain: "vpc" } };
  const RecordSets = ["example.org", "*.example.org"].map((Name) => ({
    Name,
    Type: "A",
    TTL: "300",
    ResourceRecords: [{ Ref: "Address" }],
  }));
  const group = { Type: "AWS::Route53::RecordSetGroup", Properties: { HostedZoneId: Z, RecordSets } };
  const stack = {
    resources: { Address: site, Records: group },
    outputs: { A: { Value: { Ref: "Address" } } },
  };
  await assert.rejects(testCloud(t, stack), /Records \(AWS::Route53::RecordSetGroup\).*No hosted zone found/);

  const options = { hostedZones: [{ id: Z, name: "example.org" }] };
  const { cloud, directory, packageDir } = await testCloud(t, stack, options);
  assert.deepEqual(cloud.unhonoured, []);
  await cloud.stop();
  const again = await startCloud(cloudOptions(directory, packageDir));
  const dns = new Route53Client(clientConfig(again));
  closeAfter(t, dns);
  const listed = dns.send(new ListResourceRecordSetsCommand({ HostedZoneId: Z }));
  const { ResourceRecordSets } = await listed.finally(() => again.stop());
  const served = (ResourceRecordSets ?? []).filter(({ Type }) => Type === "A");
  assert.deepEqual(
    served.map(({ Name, ResourceRecords }) => [Name, ResourceRecords?.[0]?.Value]),
    [
      ["example.org.", again.outputs.A],
      ["\\052.example.org.", again.outputs.A],
    ],
  );
});
