import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../kit/package.ts";
import { TestStack } from "../kit/stack.ts";
import { scratch } from "../lib/scratch.ts";
import { ended, miragePages } from "./program.ts";
import { atTerminal, CTRL_C, ENTER } from "./terminal.ts";

/** The commands that look at, tidy up and remove what a deployment made, in that order. */
describe("the commands around a deployment", { timeout: 600_000 }, () => {
  let stack: TestStack;

  before(async () => {
    stack = await TestStack.start({ recorded: false });
  });
  after(() => stack?.stop());

  const run = (...args: string[]) => miragePages(stack, [...args, "--local", "--data", stack.dataDir]);
  const told = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(...args, "--json");
    return { code, stderr, ...(JSON.parse(stdout) as Record<string, unknown>) };
  };

  it("before anything was deployed: logs, cert and rollback say so", async () => {
    assert.match(
      (await run("logs")).stderr,
      /^mirage-pages: Nothing was deployed yet: there are no logs\.\n$/,
    );
    const { code, stdout } = await run("cert");
    assert.deepEqual([code, stdout], [1, "names     none: nothing is live yet\n"]);
    assert.match((await run("rollback")).stderr, /Nothing is live yet/);
    assert.equal((await run("status")).code, 1);
  });

  it("logs: steps, functions, build and machine in time order", async () => {
    await stack.settleAfter(() => stack.put(stack.content, "index.html", "<h1>one</h1>"));
    const { code, stdout } = await run("logs");
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => line.slice(0, 12)),
      lines.map((line) => line.slice(0, 12)).sort(),
    );
    assert.match(stdout, /^[\d:.]{12} {2}take-turn {9}▸\n/);
    assert.match(stdout, /\n[\d:.]{12} {2}pack-site {9}\{"step":"pack-site","at":"end",/);
    assert.match(stdout, /\n[\d:.]{12} {2}build {13}\[Container\] .* Entering phase BUILD\n/);
    assert.match(stdout, /\n[\d:.]{12} {2}i-\w+ {2}mirage-pages: listening release=1\n/);
    assert.doesNotMatch(stdout, /RequestId/);
  });

  it("logs of one release, of some sources, for programs", async () => {
    const { stdout } = await run("logs", "1", "--only", "machine", "build", "--json");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { source: string; at: string });
    assert.deepEqual([...new Set(lines.map(({ source }) => source))].sort(), ["build", "machine"]);
    assert.match(lines[0]?.at ?? "", /^20\d\d-.*Z$/);
    assert.match(
      (await run("logs", "7")).stderr,
      /There is no release 7; `mirage-pages releases` lists them/,
    );
    assert.match((await run("logs", "content-no-such")).stderr, /AWS knows no execution content-no-such/);
    assert.equal((await run("logs", "--only", "nothing")).code, 2);
  });

  it("open: prints the address and hands it to the browser", async (t) => {
    const folder = await scratch(t);
    const browser = join(folder, "browser");
    await writeFile(browser, `#!/bin/sh\necho "$@" > ${folder}/asked\n`);
    await chmod(browser, 0o755);
    const args = ["open", "--local", "--data", stack.dataDir];
    const { code, stdout } = await miragePages(stack, args, {
      BROWSER: browser,
      DISPLAY: "",
      WAYLAND_DISPLAY: "",
    });
    assert.deepEqual([code, stdout], [0, `https://${stack.address}/\n`]);
    assert.match((await told("open", "--aws")).url as string, /^https:\/\/.*states\/home/);
  });

  it("cert: what is served, and --renew has the certificate machine look", async () => {
    const { stdout } = await run("cert");
    assert.match(
      stdout,
      /^names {5}127\S+\nissuer {4}itself \(self-signed\)\nvalid {5}.* UTC, 36\d\.\d days left\n/,
    );
    const { code, looked, served } = await told("cert", "--renew");
    assert.equal(code, 0);
    assert.match(JSON.stringify(looked), /"failed":false,"message":"the certificate \w+ is renewed on 20/);
    assert.equal((served as { selfSigned: boolean }).selfSigned, true);
  });

  it("sweep: says what it removed", async () => {
    await stack.put(stack.state, "listings/none-needs-it.json", "[]");
    const { code, stdout } = await run("sweep");
    assert.equal(code, 0);
    assert.match(stdout, /\nobjects removed: listings\/none-needs-it\.json\n/);
    assert.deepEqual((await told("sweep")).objects, []);
  });

  it("completion knows the commands and their options", async () => {
    const program = join(root, "cli/mirage-pages.mjs");
    assert.match((await ended(program, ["complete", "bash"], {})).stdout, /^complete .* mirage-pages$/m);
    const { stdout } = await ended(program, ["complete", "--", "de"], {});
    assert.match(stdout, /^deploy\t.*\ndestroy\t/m);
    assert.match((await ended(program, ["complete", "--", "deploy", "--dry"], {})).stdout, /^--dry-run\t/m);
  });

  it("every command has --help with an example, --json and, where it has a site, --local", async () => {
    const { stdout } = await run("--help");
    const names = [...(stdout.split("Commands:")[1] ?? "").matchAll(/^ {2}(\w+)/gm)].map(
      ([, name = ""]) => name,
    );
    for (const name of names.filter((one) => one !== "help")) {
      const { stdout: help } = await run(name, "--help");
      assert.match(help, new RegExp(`Examples:\\n {2}mirage-pages ${name}`), name);
      if (name !== "archive") assert.match(help, /--json/, name);
    }
  });

  it("destroy: nothing without the stack's name", async () => {
    assert.equal((await run("destroy")).code, 2);
    const { code, stderr } = await run("destroy", "--confirm", "mirage-pages-other");
    assert.equal(code, 1);
    assert.match(stderr, /That is not its name \(mirage-pages-prod\): nothing was removed/);
    assert.notEqual(await stack.live(), undefined);
  });

  it("destroy asks at a terminal for the stack's name, and goes by that alone", async () => {
    const args = ["destroy", "--local", "--data", stack.dataDir];
    const asked = async (keys: string) => {
      const terminal = atTerminal(join(root, "cli/mirage-pages.mjs"), args, { cwd: root, columns: 40 });
      await terminal.reads(/Type mirage-pages-prod to remove it:/);
      terminal.types(keys);
      const { code, shown } = await terminal.ended;
      assert.deepEqual(
        shown.split("\n").filter((line) => line.length > 40),
        [],
      );
      return { code, text: shown.trimEnd().replaceAll("\n", " ") };
    };
    const wrong = await asked(`mirage-pages${ENTER}`);
    assert.equal(wrong.code, 1);
    assert.match(wrong.text, /That is not its name \(mirage-pages-prod\): nothing was removed\.$/);
    const interrupted = await asked(`mirage-pages-prod${CTRL_C}`);
    assert.deepEqual([interrupted.code, /Nothing was removed\.$/.test(interrupted.text)], [130, true]);
    assert.notEqual(await stack.live(), undefined);
  });

  it("destroy: machines, images, snapshots and buckets are gone; the local stack goes with its directory", async () => {
    const { code, stdout, stderr } = await run("destroy", "--confirm", "mirage-pages-prod");
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^mirage-pages-prod in us-east-1 serves https:\S+\. For good go:\n {2}1 machines, 1 images, 1 snapshots\n/,
    );
    assert.match(
      stdout,
      /\nterminating the machines: 1 terminated\nremoving images and snapshots: 1 images, 1 snapshots\n/,
    );
    assert.match(stdout, /\ndeleting the CloudFormation stack: this endpoint cannot: /);
    assert.match(stdout, /\nemptying and deleting mirage-pages-prod-000000000000: 1 objects\n/);
    const machines = JSON.parse(await stack.aws("ec2", "describe-instances", "--output", "json")) as {
      Reservations: { Instances: { State: { Name: string } }[] }[];
    };
    const states = machines.Reservations.flatMap(({ Instances }) => Instances.map(({ State }) => State.Name));
    assert.deepEqual([...new Set(states)], ["terminated"]);
    assert.equal(
      JSON.parse(await stack.aws("s3api", "list-buckets", "--output", "json")).Buckets.some(
        ({ Name }: { Name: string }) => Name === stack.state,
      ),
      false,
    );
    assert.match(
      (await run("destroy", "--confirm", "mirage-pages-prod")).stdout,
      /terminating the machines: 0 terminated/,
    );
  });
});
