import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { readCurrent } from "../../lib/certificates/current.ts";
import { privateKeyKey } from "../../lib/releases/object-keys.ts";
import { shell, until } from "../kit/site.ts";
import { TestStack } from "../kit/stack.ts";
import { ByHand } from "./by-hand.ts";

/** The certificate of a site without a domain: self-signed, and renewed by the certificate machine. */
describe("a self-signed certificate", { timeout: 120_000 }, () => {
  let stack: TestStack;
  let s3: S3Client;
  const calls: string[] = [];

  before(async () => {
    stack = await TestStack.start({
      onCall: ({ service, action, caller }) => {
        calls.push(`${caller.arn.split("/").at(-1)} ${service} ${action}`);
      },
    });
    s3 = new S3Client(stack.sdk);
    await stack.invoke("self-sign-certificate", { execution: "arn:x" });
    const ended = await stack.settleAfter(() => stack.put(stack.content, "index.html", "<h1>one</h1>"));
    assert.equal(ended.at(-1)?.outcome, "live", JSON.stringify(ended));
  });
  after(async () => {
    s3?.destroy();
    await stack?.stop();
  });

  const current = async () => {
    const store = { get: async (key: string) => ({ body: (await stack.read(key)) ?? "", etag: "" }) };
    const { value } = (await readCurrent(store)) ?? {};
    assert.ok(value !== undefined);
    return value;
  };
  const runMachine = () => stack.cloud.scheduler.fire("mirage-pages-prod-certificate");

  it("is renewed at two thirds of its life, with the live archive and boot partition", async () => {
    const before = await stack.live();
    const old = await current();
    assert.deepEqual(old.names, [stack.address]);
    const day = 24 * 60 * 60 * 1000;
    const notBefore = new Date(Date.now() - 245 * day).toISOString();
    const notAfter = new Date(Date.now() + 120 * day).toISOString();
    await stack.put(
      stack.state,
      "certificates/current.json",
      JSON.stringify({ ...old, notBefore, notAfter }),
    );
    // What is in the bucket was refused: that is no matter of the certificate's.
    const told = { error: "EmptySite", cause: "Nothing.", at: new Date().toISOString(), times: 1 };
    const refusal = JSON.stringify({ listing: "e".repeat(64), ...told, content: true });
    await stack.put(stack.state, "refused.json", refusal);
    calls.length = 0;
    const ended = await stack.settleAfter(async () => runMachine());
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["live"],
      JSON.stringify(ended),
    );
    const live = await stack.live();
    assert.equal(live?.release, 2);
    assert.notEqual(live?.certificate.serial, old.serial);
    assert.deepEqual(live?.certificate, await current());
    assert.deepEqual(
      [live?.archive, live?.boot, live?.listing],
      [before?.archive, before?.boot, before?.listing],
    );
    const [, release] = await stack.releases();
    assert.equal(release?.reason, "certificate");
    assert.deepEqual(
      calls.filter((call) => call.includes(stack.content) || call.includes("codebuild")),
      [],
      "neither the content bucket nor a build is asked",
    );
    assert.equal(await stack.read("refused.json"), refusal);
    await stack.delete(stack.state, "refused.json");
  });

  it("has its key encrypted by KMS; the old one goes with its release, which nobody goes back to", async () => {
    const keys = () => stack.keys(stack.state, "keys/");
    const Key = privateKeyKey((await current()).serial);
    const { ServerSideEncryption } = await s3.send(new HeadObjectCommand({ Bucket: stack.state, Key }));
    assert.equal(ServerSideEncryption, "aws:kms");
    await until("the old key is gone", async () => (await keys()).length === 1);
    assert.deepEqual(await keys(), [Key]);
  });

  it("is left alone when nothing is due, and the next look is noted", async () => {
    const { action, message } = (await stack.invoke("check-certificate", { execution: "arn:x" })) as {
      action: string;
      message: string;
    };
    assert.equal(action, "nothing");
    assert.match(message, /^the certificate [0-9a-f]+ is renewed on 20/);
    const next = JSON.parse((await stack.read("certificates/next.json")) ?? "") as { at: string };
    assert.ok(Date.parse(next.at) > Date.now() + 200 * 24 * 60 * 60 * 1000, next.at);
  });

  it("has its hours told to CloudWatch by reconcile's log", async () => {
    await stack.invoke("reconcile", {});
    const lines = (await shell("grep -rh CertificateHoursLeft logs", stack.dataDir)).trim().split("\n");
    const { message } = JSON.parse(lines.at(-1) ?? "") as { message: string };
    const told = JSON.parse(message) as Record<string, unknown> & {
      _aws: {
        CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[];
      };
    };
    const [metric] = told._aws.CloudWatchMetrics;
    assert.deepEqual(
      [metric?.Namespace, metric?.Dimensions, metric?.Metrics.map(({ Name }) => Name), told.Stack],
      ["mirage-pages", [["Stack"]], ["CertificateHoursLeft"], "mirage-pages-prod"],
    );
    const left = (Date.parse((await stack.live())?.certificate.notAfter ?? "") - Date.now()) / 3_600_000;
    assert.ok(Math.abs(Number(told.CertificateHoursLeft) - left) < 1, message);
  });

  it("is deployed when the live release does not show it, whatever became of the last deployment", async () => {
    await stack.invoke("self-sign-certificate", { execution: "arn:x" });
    const { serial } = await current();
    assert.equal(serial, (await stack.live())?.certificate.serial, "made once, however often it is run");
    const stale = { ...(await current()), names: ["203.0.113.9"] };
    await stack.put(stack.state, "certificates/current.json", JSON.stringify(stale));
    await stack.invoke("self-sign-certificate", { execution: "arn:x" });
    assert.notEqual((await current()).serial, serial);
    const [ended] = await stack.settleAfter(async () => runMachine());
    assert.equal(ended?.outcome, "live");
    assert.equal((await stack.live())?.certificate.serial, (await current()).serial);
  });

  it("waits for its turn, whoever has it", async () => {
    const request = () => stack.invoke("deploy-certificate", { execution: "arn:x" });
    const other = await ByHand.begin(stack);
    await request();
    await other.end();
    const ended = await stack.settleAfter(async () => {
      await stack.put(stack.content, "other.html", "<h1>other</h1>");
      await until(
        "a deployment has the turn",
        async () => (await stack.read("turn/lock.json")) !== undefined,
      );
      await request();
    });
    assert.deepEqual(
      ended.map(({ outcome }) => outcome).toSorted(),
      ["live", "nothing"],
      JSON.stringify(ended),
    );
  });
});
