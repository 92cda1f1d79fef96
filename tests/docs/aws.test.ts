import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { pathWithEndpoint } from "../../cli/aws.ts";
import { prices, recorded } from "../../lib/costs.ts";
import { parameterNames } from "../../stack/parameters.mjs";
import { root } from "../kit/package.ts";
import { TestStack } from "../kit/stack.ts";
import { actionsNamed } from "../stack/actions.ts";
import { readPackaged } from "../stack/packaged.ts";

const text = await readFile(join(root, "docs/aws.md"), "utf8");

/** The commands of a section, one text for each block. */
function commandsOf(section: string): string[] {
  const body = text.split(/^## /m).find((one) => one.startsWith(`${section}\n`)) ?? "";
  return [...body.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = ""]) => block);
}

describe("docs/aws.md, Remove", { timeout: 120_000 }, () => {
  let stack: TestStack;
  let ec2: EC2Client;

  before(async () => {
    stack = await TestStack.start();
    ec2 = new EC2Client(stack.sdk);
  });
  after(async () => {
    ec2?.destroy();
    await stack?.stop();
  });

  /** What is there of the stack: instances that are not terminated, images and snapshots. */
  async function left(): Promise<number[]> {
    const Filters = [{ Name: "tag:mirage-pages:stack", Values: ["mirage-pages-prod"] }];
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters }));
    const instances = (Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
    const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ["self"], Filters }));
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters }));
    const living = instances.filter(({ State }) => State?.Name !== "terminated");
    return [living.length, Images?.length ?? 0, Snapshots?.length ?? 0];
  }

  it("the first commands leave nothing of the pipeline's, and nothing comes after", async () => {
    await stack.settleAfter(() => stack.put(stack.content, "index.html", "<h1>one</h1>"));
    assert.deepEqual(await left(), [1, 1, 1]);

    const [commands = ""] = commandsOf("Remove");
    const script = commands.replace("eu-central-1", "us-east-1").replace("sleep 60", "sleep 1");
    const path = pathWithEndpoint(join(stack.dataDir, "bin")).replace(`${delimiter}$PATH`, "");
    const env = {
      ...process.env,
      ...stack.cloud.environment,
      PATH: `${path}${delimiter}${process.env.PATH}`,
    };
    await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], { env });
    assert.deepEqual(await left(), [0, 0, 0]);

    // Reconcile wants the site back; its deployment does not get past its first state.
    await stack.invoke("reconcile", {});
    await stack.put(stack.content, "index.html", "<h1>two</h1>");
    await new Promise((done) => setTimeout(done, 3_000));
    assert.deepEqual(await left(), [0, 0, 0]);
  });
});

/** The rows of the tables of a section, table by table, without their heads. */
function tablesOf(section: string): string[][][] {
  const body = text.split(/^## /m).find((one) => one.startsWith(section)) ?? "";
  const tables = [...body.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) => table.trim().split("\n").slice(2));
  return tables.map((rows) => rows.map((row) => row.replaceAll("*", "").split("|").slice(1, -1)));
}

const numberIn = (cell = "") => Number(cell.replaceAll(",", ""));
const differ = (one: number, other: number) => Math.abs(one - other);

describe("docs/aws.md, costs and times", () => {
  it("multiply right, by the prices of lib/costs.ts, and add up", () => {
    const known = new Set(Object.values(prices).map(({ usd }) => usd.toPrecision(3)));
    const tables = tablesOf("What it costs");
    assert.equal(tables.length, 2);
    for (const [i, rows] of tables.entries()) {
      const usd = i === 0 ? 1 : 0.01;
      for (const [what, arithmetic = "", told] of rows.slice(0, -1)) {
        const products = [...arithmetic.matchAll(/([\d,.]+) [^×+]*× ([\d.]+)|([\d.]+) × ([\d.]+)/g)];
        const terms = products.map(([, a, b, c, d]) => [numberIn(a ?? c), numberIn(b ?? d)] as const);
        for (const [, price] of terms)
          assert.ok(known.has((price * usd).toPrecision(3)), `${what}: ${price} is no price`);
        const sum = terms.reduce((total, [quantity, price]) => total + quantity * price, 0);
        if (terms.length > 0) assert.ok(differ(sum, numberIn(told)) <= 0.006, `${what}: ${sum}, not ${told}`);
      }
      assertAddedUp(rows, 2, 0.02);
    }
    const [times = []] = tablesOf("How long a deployment takes");
    assertAddedUp(times, 1, 0.2);
  });

  it("count the alarms that there are, and the transitions within the aim", async () => {
    const { resources } = await readPackaged();
    const alarms = [...resources.values()].filter(({ Type }) => Type === "AWS::CloudWatch::Alarm");
    assert.ok(text.includes(`| alarms | ${alarms.length} × `));
    assert.ok(recorded.deployment.transition <= 100);
  });

  it("count what was recorded, as the commands that estimate do", () => {
    const { deployment, reconcile } = recorded;
    const ofMonth = (quantity: number) => Math.round(8_760 * quantity).toLocaleString("en-US");
    for (const quantity of [
      `${deployment.transition} transitions`,
      `${deployment.computeGbSecond} GB-s × 0.00133 + ${deployment.invocation} calls`,
      `${deployment.blockWrite} blocks`,
      `${deployment.s3Write} writes and lists × 0.0005 + ${deployment.s3Read} reads`,
      `${ofMonth(reconcile.s3Write)} × 0.000005 + ${ofMonth(reconcile.s3Read)} × 0.0000004`,
      `${ofMonth(reconcile.computeGbSecond)} GB-s × 0.0000133 + ${ofMonth(reconcile.invocation)} calls`,
    ]) {
      assert.ok(text.includes(`| ${quantity}`), quantity);
    }
  });

  function assertAddedUp(rows: readonly string[][], column: number, tolerance: number): void {
    const numbers = rows.map((cells) => numberIn(cells[column]));
    const [together = Number.NaN, ...parts] = numbers.toReversed();
    const sum = parts.reduce((total, one) => total + one, 0);
    assert.ok(differ(sum, together) <= tolerance, `${sum}, not ${together}`);
  }
});

describe("docs/aws.md", () => {
  it("has every parameter in its table", () => {
    const table = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(table.sort(), [...parameterNames].sort());
  });

  it("has a policy for who deploys whose actions exist and which covers every service of the template", async () => {
    const policy = await readFile(join(root, "docs/deployer-policy.json"), "utf8");
    const { Statement } = JSON.parse(policy) as { Statement: { Action: string | string[] }[] };
    const patterns = Statement.flatMap(({ Action }) => Action);
    const found = await Promise.all(
      patterns.map(async (pattern) => ({ pattern, actions: await actionsNamed(pattern) })),
    );
    assert.deepEqual(
      found.filter(({ actions }) => actions.length === 0).map(({ pattern }) => pattern),
      [],
    );
    // A managed policy's limit, spaces not counted.
    assert.ok(policy.replaceAll(/\s/g, "").length <= 6144);
    const prefixes = new Set(patterns.map((pattern) => pattern.split(":")[0]));
    const { resources } = await readPackaged();
    const services = new Set(
      [...resources.values()].map(({ Type }) => Type.split("::")[1]?.toLowerCase() ?? ""),
    );
    const named: Readonly<Record<string, string>> = { stepfunctions: "states" };
    assert.deepEqual(
      [...services].filter((service) => !prefixes.has(named[service] ?? service)),
      [],
    );
  });
});
