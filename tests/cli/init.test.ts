import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { root } from "../kit/package.ts";
import { scratch } from "../lib/scratch.ts";
import { ended } from "./program.ts";
import { atTerminal, CTRL_C, ENTER } from "./terminal.ts";

const program = join(root, "cli/mirage-pages.mjs");

describe("mirage-pages init", { timeout: 120_000 }, () => {
  it("writes the arguments that doctor and serverless take, and tells what comes next", async (t) => {
    const cwd = await scratch(t);
    const names = ["--domain", "example.org", "--aliases", "www.example.org a.example.org"];
    const args = ["init", ...names, "--region", "eu-central-1"];
    const { code, stdout } = await ended(program, args, { cwd });
    assert.equal(code, 0);
    assert.match(stdout, /xargs npx mirage-pages doctor < mirage-pages\.prod\.args\n/);
    const lines = await ended("sh", ["-c", "xargs printf '%s\\n' < mirage-pages.prod.args"], { cwd });
    assert.deepEqual(lines.stdout.trimEnd().split("\n"), [
      "--region=eu-central-1",
      "--stage=prod",
      "--param=domain=example.org",
      "--param=aliases=www.example.org a.example.org",
    ]);
    const again = await ended(program, args, { cwd });
    assert.deepEqual([again.code, /is there already; --force replaces it/.test(again.stderr)], [1, true]);
    assert.equal((await ended(program, [...args, "--force"], { cwd })).code, 0);
  });

  it("says everything that is wrong at once, and writes nothing", async (t) => {
    const cwd = await scratch(t);
    const args = ["init", "--domain", "exa_mple", "--email", "nobody", "--region", "mars-1"];
    const { code, stderr } = await ended(program, args, { cwd });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^mirage-pages: Nothing was written:\nregion is "mars-1".*\ndomain is "exa_mple".*\nemail /,
    );
    await assert.rejects(readFile(join(cwd, "mirage-pages.prod.args")));
  });
});

describe("mirage-pages init at a terminal", { timeout: 120_000 }, () => {
  it("asks, asks again after an answer that is wrong, and offers what is usual", async (t) => {
    const cwd = await scratch(t);
    const terminal = atTerminal(program, ["init"], { cwd, env: { AWS_REGION: "eu-central-1" } });
    await terminal.reads(/AWS region: \(eu-central-1\)/);
    terminal.types(ENTER);
    await terminal.reads(/Domain of the site \(empty: its address alone\):/);
    terminal.types(`exa_mple${ENTER}`);
    await terminal.reads(/domain is "exa_mple"/);
    // Backspaces: the wrong answer stays, to be mended.
    terminal.types(`${"\u007f".repeat(8)}example.org${ENTER}`);
    await terminal.reads(/Serve www\.example\.org as well\? \(Y\/n\)/);
    terminal.types(ENTER);
    await terminal.reads(/Id of its Route 53 zone/);
    terminal.types(ENTER);
    await terminal.reads(/E-mail address for notifications/);
    terminal.types(`you@example.org${ENTER}`);
    const { code, shown } = await terminal.ended;
    assert.equal(code, 0, shown);
    assert.match(shown, /Wrote mirage-pages\.prod\.args\. What comes next:/);
    assert.equal(
      await readFile(join(cwd, "mirage-pages.prod.args"), "utf8"),
      '"--region=eu-central-1"\n"--stage=prod"\n"--param=domain=example.org"\n' +
        '"--param=aliases=www.example.org"\n"--param=email=you@example.org"\n',
    );
  });

  it("Ctrl-C in the middle of a question: says that nothing was written, ends with 130", async (t) => {
    const cwd = await scratch(t);
    const terminal = atTerminal(program, ["init"], { cwd });
    await terminal.reads(/AWS region:/);
    terminal.types(ENTER);
    await terminal.reads(/Domain of the site/);
    terminal.types(`exam${CTRL_C}`);
    const { code, shown } = await terminal.ended;
    assert.equal(code, 130);
    assert.match(shown, /\nNothing was written, and nothing goes on\.\n$/);
    await assert.rejects(readFile(join(cwd, "mirage-pages.prod.args")));
  });

  it("40 columns: texts are broken between words, commands stay whole to be copied", async (t) => {
    const cwd = await scratch(t);
    const terminal = atTerminal(program, ["init"], { cwd, columns: 40 });
    for (const question of [/AWS region:/, /Domain of the/, /E-mail address for/]) {
      await terminal.reads(question);
      terminal.types(ENTER);
    }
    const { code, shown } = await terminal.ended;
    assert.equal(code, 0, shown);
    const lines = shown.split("\n");
    const commands = lines.filter((line) => line.startsWith("  "));
    assert.deepEqual(commands.length, 3, shown);
    assert.deepEqual(
      lines.filter((line) => line.length > 40 && !commands.includes(line)),
      [],
    );
  });
});
