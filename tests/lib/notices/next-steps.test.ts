import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { nextStep, nextSteps } from "../../../lib/notices/next-steps.ts";
import { refusalNames } from "../../../lib/site/errors.ts";
import { root } from "../../kit/package.ts";

/** Errors that end no deployment: they are tried again, or another execution goes on. */
const untold = ["TurnLost", "OrderLost", "TurnBusy"];

test("every error that people are told of has a next step", async () => {
  const text = await readFile(join(root, "lib/errors.ts"), "utf8");
  const names = [...text.matchAll(/override readonly name = "(\w+)"/g)].map(([, name = ""]) => name);
  assert.ok(names.length > 10);
  const wanted = [...names, ...refusalNames].filter((name) => !untold.includes(name));
  assert.deepEqual(
    wanted.filter((name) => nextSteps[name] === undefined),
    [],
  );
});

test("there is a next step for an error that nobody has thought of", () => {
  assert.match(nextStep("Sandbox.Timedout"), /^Open the execution/);
});
