import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import {
  ConfirmSubscriptionCommand,
  ListSubscriptionsCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { Account, complaints } from "./account.ts";

/** What doctor says of a stack that is deployed: its domain, its parameters, who is told. */
describe("doctor, after a deploy", { timeout: 120_000 }, () => {
  let account: Account;
  const names = { domain: "example.org", aliases: "www.example.org" };

  before(async () => {
    account = await Account.start();
  });
  after(() => account?.stop());
  beforeEach(() => {
    const A = [account.stack.address];
    Object.assign(account.dns.zone, { "example.org": { A }, "www.example.org": { A } });
  });

  const texts = async (wanted: string) => {
    const findings = await account.examine("prod", names);
    return findings.flatMap(({ check, text }) => (check === wanted ? text : [])).join("\n");
  };
  const problems = async (given: Record<string, string> = names) =>
    complaints(await account.examine("prod", given));
  const warnings = async (given: Record<string, string> = names) =>
    complaints(await account.examine("prod", given), "warning");

  it("the domain and its alias point at the site's address", async () => {
    const findings = await account.examine("prod", names);
    const dns = findings.filter(({ check }) => check === "DNS");
    assert.deepEqual(
      dns.map(({ status, text }) => `${status}: ${text}`),
      [
        `ok: example.org points at the site's address ${account.stack.address}`,
        `ok: www.example.org points at the site's address ${account.stack.address}`,
      ],
    );
  });

  it("the address is on the machine that the pipeline launched", async () => {
    const { stack } = account;
    assert.match(await texts("address"), /is the stack's, and associated with nothing yet$/);
    await stack.settleAfter(() => stack.put(stack.content, "index.html", "<h1>here</h1>"));
    const { instanceId } = (await stack.live()) ?? {};
    assert.equal(await texts("address"), `${stack.address} is on the stack's machine ${instanceId}`);
  });

  it("a wrong A record: where it points, and where it should", async () => {
    account.dns.zone["www.example.org"] = { A: ["192.0.2.7"] };
    assert.equal(
      await problems(),
      `DNS: www.example.org points at 192.0.2.7; the site's address is ${account.stack.address}. → ` +
        `Give www.example.org one A record, ${account.stack.address}, where its DNS is kept, and wait for the old record's TTL.`,
    );
    account.dns.zone["www.example.org"] = { A: [account.stack.address, "192.0.2.7"] };
    assert.match(await problems(), /^DNS: www\.example\.org points at \S+ and \S+; the site's address is /);
    delete account.dns.zone["www.example.org"];
    assert.match(await problems(), /^DNS: www\.example\.org has no A record; the site's address is /);
  });

  it("an AAAA record: the machine has IPv4 only", async () => {
    account.dns.zone["example.org"] = { A: [account.stack.address], AAAA: ["2001:db8:0:0:0:0:0:7"] };
    assert.equal(await problems(), "");
    assert.match(
      await warnings(),
      /^DNS: example\.org has an AAAA record \(2001:db8::7\), .* → Remove the AAAA/m,
    );
  });

  it("CAA records of a name or above it that keep Let's Encrypt from issuing", async () => {
    const A = [account.stack.address];
    account.dns.zone["example.org"] = { A, CAA: ['0 issue "ca.example"', '0 iodef "mailto:a@example.org"'] };
    const text = await problems();
    for (const name of ["example.org", "www.example.org"]) {
      const wanted = `DNS: The CAA records of example.org let only "ca.example" issue certificates for ${name}. → `;
      assert.ok(text.includes(wanted), text);
    }
    account.dns.zone["example.org"] = { A, CAA: ['0 issue "ca.example"', '0 issue "letsencrypt.org"'] };
    assert.equal(await problems(), "");
  });

  it("a name server that is silent says nothing about the name", async () => {
    const { dns, stack } = account;
    Object.assign(account, { dns: { address: "127.0.0.1:1" } });
    try {
      assert.match(
        await warnings(),
        /^DNS: The name server gave no answer about example\.org \(ECONNREFUSED\)\. → /m,
      );
      assert.equal(await problems(), "");
    } finally {
      Object.assign(account, { dns, stack });
    }
  });

  it("a parameter of an earlier deploy that this one would forget", async () => {
    assert.equal(
      (await warnings({ settle: "5", drain: "30" })).split("\n")[0],
      'parameters: The parameter settle was deployed as "1" and goes back to its default "5". → To keep it: --param="settle=1".',
    );
  });

  it("an e-mail address that has not confirmed its subscription", async () => {
    const sns = new SNSClient(account.stack.sdk);
    try {
      assert.match(await warnings({}), /^e-mail: Nobody is told when a deployment fails/);
      const TopicArn = account.stack.cloud.outputs.NotificationTopic;
      const Endpoint = "you@example.org";
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint }));
      assert.match(
        await warnings({}),
        /^e-mail: you@example\.org has not confirmed its subscription and gets no /,
      );
      const { Subscriptions } = await sns.send(new ListSubscriptionsCommand({}));
      const Token = Subscriptions?.find((one) => one.Endpoint === Endpoint)?.SubscriptionArn;
      await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token }));
      assert.equal(await warnings({}), "");
    } finally {
      sns.destroy();
    }
  });
});
