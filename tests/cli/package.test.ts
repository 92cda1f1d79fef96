import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import settings from "../../package.json" with { type: "json" };
import { installInto, PATH } from "../kit/installed.ts";
import { TestStack } from "../kit/stack.ts";
import { ended } from "./program.ts";

/** The package that `npm pack` makes, installed where there is neither checkout nor network. */
describe("the installed package", { timeout: 180_000 }, () => {
  let folder: string;
  let program: string;
  let stack: TestStack;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mp-package-"));
    program = await installInto(folder);
    stack = await TestStack.start({ recorded: false });
  });
  after(async () => {
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_"));
  const env = { ...Object.fromEntries(ours), PATH };
  const run = (...args: string[]) => ended(program, args, { cwd: folder, env });
  const local = () => ["--local", "--data", stack.dataDir];

  it("needs no other package, and says what it holds of them", async () => {
    const { stdout } = await ended("ls", ["node_modules"], { cwd: folder });
    assert.equal(stdout, "mirage-pages\n");
    const notices = await ended("cat", ["node_modules/mirage-pages/dist/NOTICES.txt"], { cwd: folder });
    for (const name of ["@aws-sdk/client-s3", "commander", "preact", "zod"])
      assert.match(notices.stdout, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
  });

  it("--version, --help, and the nearest command", async () => {
    assert.deepEqual(await run("--version"), { code: 0, stdout: `${settings.version}\n`, stderr: "" });
    const npx = await ended("npx", ["--offline", "mirage-pages", "--help"], { cwd: folder, env });
    assert.match(npx.stdout, /^Usage: mirage-pages .*\n {2}deploy /s);
    const { code, stderr } = await run("stauts");
    assert.deepEqual([code, /Did you mean status\?/.test(stderr)], [2, true]);
  });

  it("asks a stack, deploys a folder, goes back and tidies up", async () => {
    assert.match((await run("status", ...local())).stdout, /^site .*\nlive +nothing yet/);
    const site = join(folder, "site");
    await mkdir(site);
    await writeFile(join(site, "index.html"), "<h1>Packaged</h1>");
    const deployed = await run("deploy", site, ...local());
    assert.equal(deployed.code, 0, deployed.stdout + deployed.stderr);
    assert.match(deployed.stdout, /\nRelease 1 is live: /);
    assert.match((await run("releases", ...local())).stdout, /● 1 {2}live/);
    assert.match((await run("archive", "ls", "live", ...local())).stdout, /index\.html/);
    assert.equal((await run("logs", ...local())).code, 0);
    assert.match((await run("rollback", ...local())).stderr, /No other release is kept/);
  });

  it("doctor and init know the stack's parameters and roles", async () => {
    const before = await run(
      "doctor",
      "--endpoint",
      stack.cloud.endpoint,
      "--param=backend=mirag",
      ...local(),
    );
    assert.match(before.stdout, /backend is "mirag".* Did you mean mirage\?/);
    const free = await run("doctor", "--stage", "other", ...local());
    assert.match(free.stdout, /✓ roles +the names of the stack's roles are free/);
    const { code } = await run("init", "--domain", "example.org");
    assert.equal(code, 0);
  });

  it("console: the page comes as it was bundled; --json gives a script its address", async () => {
    const child = spawn(program, ["console", "--json", ...local()], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = new Promise((done) => child.on("exit", done));
    const line = await new Promise<string>((done) => createInterface(child.stdout).once("line", done));
    const { url, token } = JSON.parse(line) as { url: string; token: string };
    const welcome = await fetch(url, { redirect: "manual" });
    const cookie = welcome.headers.get("set-cookie")?.split(";")[0] ?? "";
    const script = await fetch(new URL("/page.js", url), { headers: { cookie } });
    assert.deepEqual([script.status, new URL(url).searchParams.get("token")], [200, token]);
    assert.ok((await script.text()).length > 10_000);
    child.kill("SIGINT");
    assert.equal(await exit, 0);
  });
});
