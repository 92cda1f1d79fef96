import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Output } from "../../lib/contracts.ts";
import { get } from "../kit/site.ts";
import { TestStack } from "../kit/stack.ts";
import { eventually, there } from "./by-hand.ts";

/** The log of a site's visitors, from the machine into the bucket. The tests build on each other, in this order. */
describe("the access log", { timeout: 180_000 }, () => {
  let stack: TestStack;

  before(async () => {
    stack = await TestStack.start({ parameters: { accessLog: "truncated" } });
  });
  after(() => stack?.stop());

  const deploy = async (text: string) => {
    const [ended] = await stack.settleAfter(() => stack.put(stack.content, "index.html", text));
    assert.equal(ended?.outcome, "live", JSON.stringify(ended));
  };
  const collect = async () => {
    const { machines } = (await stack.invoke("collect-access-log", {})) as Output<"collect-access-log">;
    return machines;
  };
  /** The lines in the bucket that tell of visits to paths that begin with /visit, by path. */
  const visits = async () => {
    const keys = await stack.keys(stack.state, "access-logs/");
    const texts = await Promise.all(keys.map(async (key) => (await stack.read(key)) ?? ""));
    return (
      texts
        .join("")
        .match(/^.*"GET \/visit.*$/gm)
        ?.sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1)) ?? []
    );
  };
  const pathOf = (line: string) => line.split('"')[1] ?? "";
  const secrets = async () => {
    const keys = await stack.keys(stack.state, "keys/access-log/");
    return Promise.all(keys.map(async (key) => there(await stack.read(key))));
  };

  it("comes into the bucket, each line once, addresses without their last part", async () => {
    await deploy("<h1>one</h1>");
    await get(stack.address, "/visit-1");
    await get(stack.address, "/visit-2");
    const [machine] = await collect();
    assert.deepEqual([machine?.release, machine?.lost, machine?.problem], [1, 0, undefined]);
    // The retirement that follows a deployment collects as well, at any moment.
    await eventually("both visits are kept", async () => ((await visits()).length > 1 ? true : undefined));
    assert.deepEqual(await collect(), [{ release: 1, lines: 0, lost: 0 }]);
    const lines = await visits();
    for (const [i, line] of lines.entries())
      assert.match(
        line,
        /^127\.0\.0\.0 - - \[\d\d\/\w{3}\/\d{4}:[\d:]{8} \+0000\] "GET \/visit-\d HTTP\/1\.1" 404 (?:\d+|-) "-" "-"$/,
        `line ${i}`,
      );
    assert.deepEqual(lines.map(pathOf), ["GET /visit-1 HTTP/1.1", "GET /visit-2 HTTP/1.1"]);
    const [key = ""] = await stack.keys(stack.state, "access-logs/");
    assert.match(key, /^access-logs\/\d{4}\/\d\d\/\d\d\/000001-\d+-000000000001\.log$/);
  });

  it("is counted in figures for CloudWatch", async () => {
    const lines = (await told()).filter((line) => line.Requests !== undefined);
    const sum = (name: string) => lines.reduce((total, line) => total + Number(line[name]), 0);
    assert.ok(sum("Requests") >= 3 && sum("ResponseBytes") > 0 && sum("ClientErrors") >= 2);
    assert.equal(sum("LogLinesLost"), 0);
  });

  it("is taken from a machine before that is stopped", async () => {
    await get(stack.address, "/visit-3");
    await deploy("<h1>two</h1>");
    await eventually("the replaced machine's last lines are kept", async () =>
      (await visits()).length > 2 ? true : undefined,
    );
    assert.equal((await secrets()).length, 2);
  });

  it("has a secret for each release, which goes with it, and stands nowhere else", async () => {
    await deploy("<h1>three</h1>");
    const all = await secrets();
    for (const secret of all) assert.match(secret, /^[0-9a-f]{64}$/);
    assert.equal(new Set(all).size, all.length);
    const [machine] = (await collect()).filter(({ release }) => release === 3);
    assert.equal(machine?.problem, undefined);
    await eventually("the first release's secret and cursor are gone", async () => {
      const keys = [
        ...(await stack.keys(stack.state, "keys/access-log/")),
        ...(await stack.keys(stack.state, "cursors/")),
      ];
      return keys.some((key) => key.includes("000001")) ? undefined : true;
    });
    const found: string[] = [];
    for (const key of await stack.keys(stack.state)) {
      const text = key.startsWith("keys/") ? "" : ((await stack.read(key)) ?? "");
      if (all.some((secret) => text.includes(secret))) found.push(key);
    }
    for (const file of await filesOf(["logs", "states", "lambda", "messaging", "notifications.jsonl"])) {
      const bytes = await readFile(file);
      if (all.some((secret) => bytes.includes(secret))) found.push(file);
    }
    assert.deepEqual(found, []);
  });

  it("is not asked of a machine with another certificate", async () => {
    const key = "releases/000003.json";
    const record = there(await stack.read(key));
    const { certificate } = JSON.parse(record) as { certificate: { fingerprint: string } };
    await stack.put(stack.state, key, record.replaceAll(certificate.fingerprint, "0".repeat(64)));
    const [machine] = (await collect()).filter(({ release }) => release === 3);
    assert.match(there(machine?.problem), /shows the certificate [0-9a-f]{64} instead of 0{64}/);
    await stack.put(stack.state, key, record);
  });

  /** The metrics that functions have told in their logs. */
  async function told(): Promise<Record<string, unknown>[]> {
    const texts = await Promise.all((await filesOf(["logs"])).map((file) => readFile(file, "utf8")));
    const messages = texts.flatMap((text) => text.trimEnd().split("\n")).map(parseLine);
    const metrics = messages.map(({ message }) => String(message)).filter((one) => one.startsWith('{"_aws"'));
    return metrics.map(parseLine);
  }

  async function filesOf(names: readonly string[]): Promise<string[]> {
    const files: string[] = [];
    for (const name of names) {
      const path = join(stack.dataDir, name);
      if ((await stat(path)).isFile()) files.push(path);
      else {
        const entries = await readdir(path, { recursive: true, withFileTypes: true });
        files.push(...entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name)));
      }
    }
    return files;
  }
});

function parseLine(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}
