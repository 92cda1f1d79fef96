import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BuildShell, endGroup } from "../../../local/codebuild/shell.ts";
import { eventually, temporaryDirectory } from "../support.ts";

test("output comes before its status, and what a dead cloud left running can be ended", async (t) => {
  const directory = temporaryDirectory(t);
  const groupFile = join(directory, "group.json");
  const lines: string[] = [];
  const environment = { PATH: process.env.PATH ?? "" };
  const log = (line: string): number => lines.push(line);
  const shell = new BuildShell({ shell: "sh", directory, environment, log, groupFile });
  t.after(() => shell.stop());
  assert.equal(await shell.run("printf 'no newline'; echo wrong >&2; cd /; false"), 1);
  assert.equal(await shell.run("pwd"), 0);
  assert.deepEqual(lines, ["no newlinewrong", "/"]);
  const sleep = shell.run('touch "$OLDPWD/started"; sleep 60');
  await shellStarted(directory);
  endGroup(groupFile);
  assert.equal(await sleep, 137);
  assert.equal(await shell.run("true"), 137);
  endGroup(groupFile);
});

async function shellStarted(directory: string): Promise<void> {
  await eventually("the command's start", () => (existsSync(join(directory, "started")) ? true : undefined));
}
