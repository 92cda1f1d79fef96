import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Call } from "../../local/front-door/front-door.ts";
import { root, testPackage } from "../kit/package.ts";
import { TestStack } from "../kit/stack.ts";
import { bytesOf, object, pack, scratch } from "../lib/scratch.ts";
import { ended, miragePages } from "./program.ts";

/** `mirage-pages` as a person runs it: the command of package.json's "bin", as a process of its own. */
describe("mirage-pages", { timeout: 120_000 }, () => {
  let stack: TestStack;

  const calls: string[] = [];

  before(async () => {
    const onCall = ({ service, action, caller }: Call) => {
      // The stack's functions ask too, whenever they run.
      if (caller.arn.includes(":user/")) calls.push(`${service} ${action}`);
    };
    stack = await TestStack.start({ onCall });
  });
  after(() => stack?.stop());

  const run = (args: string[], env: Record<string, string> = {}) => miragePages(stack, args, env);
  const local = () => ["--local", "--data", stack.dataDir];

  it("doctor finds the running local cloud by its data directory", async () => {
    const { code, stdout } = await run(["doctor", ...local()]);
    assert.equal(code, 0, stdout);
    const [heading = ""] = stdout.split("\n");
    assert.equal(heading, `mirage-pages-prod in us-east-1 at ${stack.cloud.endpoint}`);
    assert.match(stdout, /^ {2}✓ credentials {4}account 0{12}, as arn:aws:iam::0{12}:user\/local$/m);
    assert.match(stdout, /^1 warning, \d+ in order$/m);
    assert.ok(!stdout.includes("\u001b"), "no colours where there is no terminal");
  });

  it("doctor --json: the findings for programs, exit code 1 with a problem", async () => {
    const { code, stdout } = await run(["doctor", ...local(), "--json", "--param=instanceType=i4i.large"]);
    assert.equal(code, 1);
    const told = JSON.parse(stdout) as { stack: string; findings: { check: string; status: string }[] };
    assert.equal(told.stack, "mirage-pages-prod");
    const problems = told.findings.filter(({ status }) => status === "problem");
    assert.deepEqual(
      problems.map(({ check }) => check),
      ["instance type"],
    );
  });

  it("without credentials: says so, and how to get some", async () => {
    const nowhere = { AWS_EC2_METADATA_DISABLED: "true", HOME: stack.dataDir };
    const { code, stdout } = await run(["doctor", "--endpoint", stack.cloud.endpoint], nowhere);
    assert.equal(code, 1);
    assert.match(stdout, /✗ credentials {2}There are no credentials: .*\n +→ Sign in \(aws configure/);
  });

  it("no local cloud on a data directory: says so", async (t) => {
    const { code, stderr } = await run(["doctor", "--local", "--data", await scratch(t)]);
    assert.equal(code, 1);
    assert.match(stderr, /^mirage-pages: No local cloud runs on .* Start one with `npm start`/);
    assert.doesNotMatch(stderr, /\n {4}at /);
    const verbose = await run(["doctor", "--local", "--data", await scratch(t), "--verbose"]);
    assert.match(verbose.stderr, /\n {4}at /);
  });

  it("archive: lists, checks and unpacks what a release was made of", async (t) => {
    const page = "<h1>Hello</h1> and again ".repeat(50);
    const site = await pack(t, [object("index.html", page), object("a/b.txt", "text")]);
    const bytes = await bytesOf(site);
    await stack.put(stack.state, `archives/${site.digest}.tar`, bytes);
    const archive = { digest: site.digest, bytes: site.bytes, files: 2, siteBytes: site.contentBytes };
    const release = {
      number: 7,
      reason: "content",
      execution: "e",
      startedAt: new Date(0).toISOString(),
      status: "failed",
      archive,
    };
    await stack.put(stack.state, "releases/000007.json", JSON.stringify(release));
    const listed = await run(["archive", "ls", "7", ...local()]);
    assert.match(
      listed.stdout,
      /^(200 {8}1250 {2}\/) {2}(\(br \d+, gzip \d+, zstd \d+\))\n200 +4 {2}\/a\/b\.txt\n\1index\.html {2}\2\n$/,
    );
    const verified = await run(["archive", "verify", site.digest, ...local()]);
    assert.equal(verified.code, 0, verified.stderr);
    assert.match(
      verified.stdout,
      new RegExp(`6 members, 3 paths, digest ${site.digest}\nAll of it is in order`),
    );
    const { stdout: json } = await run(["archive", "verify", "7", "--json", ...local()]);
    assert.deepEqual((JSON.parse(json) as { paths: number; problems: string[] }).problems, []);
    const directory = join(await scratch(t), "out");
    const extracted = await run(["archive", "extract", "7", directory, ...local()]);
    assert.match(extracted.stdout, /^Wrote 2 files, 1\.2 KiB \(1254 bytes\), to /);
    assert.equal(await readFile(join(directory, "index.html"), "utf8"), page);
    const path = join(directory, `${site.digest}.tar`);
    await writeFile(path, bytes.with(600, (bytes[600] ?? 0) ^ 1));
    const damaged = await run(["archive", "verify", path]);
    assert.equal(damaged.code, 1);
    assert.match(damaged.stdout + damaged.stderr, /damaged|Its digest is/);
    const nothing = await run(["archive", "ls", "live", ...local()]);
    assert.deepEqual([nothing.code, nothing.stderr], [1, "mirage-pages: Nothing is live yet.\n"]);
    assert.match((await run(["archive", "ls", "8", ...local()])).stderr, /There is no release 8\./);
    assert.match(
      (await run(["archive", "ls", "nowhere.tar"])).stderr,
      /nowhere\.tar cannot be opened \(ENOENT\)/,
    );
  });

  it("tells the nearest command and flag, and ends with 2", async () => {
    const command = await run(["docter"]);
    assert.equal(command.code, 2);
    assert.match(command.stderr, /unknown command 'docter'\n\(Did you mean doctor\?\)/);
    const flag = await run(["doctor", "--jsn"]);
    assert.equal(flag.code, 2);
    assert.match(flag.stderr, /unknown option '--jsn'\n\(Did you mean --json\?\)/);
    assert.equal((await run(["doctor", "--param", "domain"])).code, 2);
  });

  it("ends quietly when nobody reads on", async () => {
    const program = join(root, "cli/mirage-pages.mjs");
    const { stdout, stderr } = await ended("sh", ["-c", `${program} doctor --help | head -n 1`], {});
    assert.match(stdout, /^Usage: mirage-pages doctor/);
    assert.equal(stderr, "");
  });

  it("--help: every command with an example", async () => {
    const all = await run(["--help"]);
    assert.equal(all.code, 0);
    assert.match(all.stdout, /doctor .*Looks at the account/s);
    const one = await run(["doctor", "--help"]);
    assert.equal(one.code, 0);
    assert.match(one.stdout, /Examples:\n {2}mirage-pages doctor /);
  });

  it("serverless deploy asks doctor first, and changes nothing when it finds a problem", async () => {
    stack.cloud.iam.removeRole("mirage-pages-prod-settle-us-east-1");
    calls.length = 0;
    const serverless = join(root, "node_modules/.bin/serverless");
    const options = { cwd: root, env: { ...process.env, ...stack.cloud.environment } };
    const args = ["deploy", "--package", await testPackage()];
    const { code, stdout, stderr } = await ended(serverless, args, options);
    assert.equal(code, 1);
    assert.match(stderr, /✗ roles +The stack's role mirage-pages-prod-settle-us-east-1 is gone/);
    assert.match(stdout, /Nothing was deployed: `mirage-pages doctor` found the problems above/);
    const changing = calls.filter((call) => !/^\w+ (Describe|Get|List|HEAD )/.test(call));
    assert.deepEqual(changing, []);
  });
});
