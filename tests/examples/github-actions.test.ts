import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { ended } from "../cli/program.ts";
import { root } from "../kit/package.ts";

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: { readonly deploy: { readonly steps: readonly Step[] } };
}

const text = await readFile(join(root, "examples/github-actions.yml"), "utf8");
const workflow = parse(text) as Workflow;
const { steps } = workflow.jobs.deploy;

test("the workflow takes the role by a token, and keeps no secret", () => {
  assert.equal(workflow.permissions["id-token"], "write");
  assert.equal(workflow.permissions.contents, "read");
  const taking = steps.find(({ uses }) => uses?.startsWith("aws-actions/configure-aws-credentials@"));
  assert.deepEqual(Object.keys(taking?.with ?? {}), ["role-to-assume", "aws-region"]);
  assert.ok(!/secrets\./.test(text));
});

test("the workflow calls the packed program by options that it has", async () => {
  assert.ok(steps.some(({ run }) => run === "npm pack\nnpm install --global ./mirage-pages-*.tgz\n"));
  const [, words = ""] = /run: mirage-pages (deploy [^|]+)/.exec(text) ?? [];
  assert.match(words, /--json/);
  const { stdout } = await ended(join(root, "cli/mirage-pages.mjs"), ["deploy", "--help"], {});
  for (const [option] of words.matchAll(/--[a-z-]+/g)) assert.ok(stdout.includes(` ${option}`), option);
});
