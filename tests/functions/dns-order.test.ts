import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  ChangeResourceRecordSetsCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from "@aws-sdk/client-route-53";
import { CertifiedStack, trusted } from "../kit/certified.ts";

const ZONE = "Z0123456789ABCDEFGHIJ";
const CHALLENGE = "_acme-challenge.site.test.";

/** Certificates from Pebble by DNS-01: a name and its wildcard, proved in a hosted zone of Route 53. */
describe("a certificate of a hosted zone", { timeout: 300_000 }, () => {
  let certified: CertifiedStack;
  let route53: Route53Client;
  let spreading: Promise<void>;
  let spreads = true;

  before(async () => {
    certified = await CertifiedStack.start("site.test *.site.test", {
      parameters: { domain: "site.test", aliases: "*.site.test", hostedZone: ZONE },
      hostedZones: [{ id: ZONE, name: "site.test" }],
    });
    const { pebble, stack } = certified;
    route53 = new Route53Client(stack.sdk);
    for (const server of await nameServers()) await pebble.point(server, pebble.resolver.split(":")[0] ?? "");
    spreading = spread();
  });
  after(async () => {
    spreads = false;
    await spreading;
    route53?.destroy();
    await certified?.stop();
  });

  const records = async () => {
    const { ResourceRecordSets } = await route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: ZONE }),
    );
    return ResourceRecordSets ?? [];
  };
  const texts = async () => {
    const found = (await records()).find(({ Name, Type }) => Name === CHALLENGE && Type === "TXT");
    return (found?.ResourceRecords ?? []).map(({ Value }) => Value?.replaceAll('"', "") ?? "").sort();
  };
  const nameServers = async () => {
    const found = (await records()).find(({ Type }) => Type === "NS");
    return (found?.ResourceRecords ?? []).map(({ Value }) => Value?.replace(/\.$/, "") ?? "");
  };

  /** Brings the zone's TXT records to the name server, some seconds late, as Route 53 does. */
  async function spread(): Promise<void> {
    let known = "";
    while (spreads) {
      const found = await texts();
      if (found.join() !== known) {
        await pause(2_000);
        await certified.pebble.tellDns("clear-txt", { host: CHALLENGE });
        for (const value of found) await certified.pebble.tellDns("set-txt", { host: CHALLENGE, value });
        known = found.join();
      }
      await pause(200);
    }
  }

  it("leaves nothing of a failed order in the zone, and does not touch what others put there", async () => {
    const foreign = { Name: CHALLENGE, Type: "TXT" as const, TTL: 60 };
    const ResourceRecordSet = { ...foreign, ResourceRecords: [{ Value: '"of-somebody-else"' }] };
    const ChangeBatch = { Changes: [{ Action: "UPSERT" as const, ResourceRecordSet }] };
    await route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: ZONE, ChangeBatch }));
    certified.front.refuse("/finalize-order", 403, "caa", "CAA record prevents issuance");
    const [run] = await certified.run();
    assert.match(run?.cause ?? "", /CAA record prevents issuance/);
    assert.equal(certified.front.posts(/chalZ/).length, 2, "name and wildcard were proved");
    assert.deepEqual(await texts(), ["of-somebody-else"]);
  });

  it("is there before the first release, for the wildcard as well", async () => {
    const { stack, front } = certified;
    front.fault = () => false;
    await stack.delete(stack.state, "certificates/attempts.json");
    const [run] = await certified.run();
    assert.equal(run?.status, "SUCCEEDED", JSON.stringify(run));
    assert.match(run?.message ?? "", /^The first release will show the certificate for /);
    assert.deepEqual((await certified.current()).names.toSorted(), ["*.site.test", "site.test"]);
    const ended = await stack.settleAfter(() => stack.put(stack.content, "index.html", "<h1>one</h1>"));
    assert.equal(ended.at(-1)?.outcome, "live", JSON.stringify(ended));
    const { subjectaltname } = await trusted(stack.address, "any.site.test", await certified.pebble.root());
    assert.equal(subjectaltname?.split(", ").toSorted().join(), "DNS:*.site.test,DNS:site.test");
  });

  it("is renewed at two thirds of its life by an authority that gives no renewal information", async () => {
    const { stack, front } = certified;
    const before = await certified.current();
    const day = 24 * 60 * 60 * 1000;
    const notBefore = new Date(Date.now() - 31 * day).toISOString();
    const notAfter = new Date(Date.now() + 14 * day).toISOString();
    await stack.put(
      stack.state,
      "certificates/current.json",
      JSON.stringify({ ...before, notBefore, notAfter }),
    );
    await stack.settleAfter(() => certified.run());
    assert.notEqual((await certified.current()).serial, before.serial);
    assert.deepEqual(await texts(), ["of-somebody-else"]);
    assert.equal(front.posts(/order-plz/).at(-1)?.payload?.replaces, undefined);
    assert.equal((await stack.live())?.certificate.serial, (await certified.current()).serial);
  });
});
