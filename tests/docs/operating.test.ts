import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { nextSteps } from "../../lib/notices/next-steps.ts";
import { root } from "../kit/package.ts";
import { readPackaged } from "../stack/packaged.ts";

const text = await readFile(join(root, "docs/operating.md"), "utf8");
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

test("docs/operating.md says of every error what the notification says", () => {
  const told = rows.filter((cells) => cells.length === 4).map(([, name, step]) => [name, step]);
  assert.deepEqual(
    told,
    Object.entries(nextSteps).map(([name, step]) => [`\`${name}\``, step]),
  );
});

test("docs/operating.md has every alarm of the stack, in its own words, and what to do", async () => {
  const { resources } = await readPackaged();
  const alarms = [...resources.values()].filter(({ Type }) => Type === "AWS::CloudWatch::Alarm");
  assert.ok(alarms.length >= 9, `${alarms.length} alarms`);
  const told = rows.filter((cells) => cells.length === 5);
  assert.ok(told.every(([, , , step = ""]) => step.length > 5));
  assert.deepEqual(
    told.map(([, name, description]) => `${name} ${description}`).sort(),
    alarms
      .map(({ Properties: { AlarmName, AlarmDescription } }) => {
        return `\`${String(AlarmName).replace("mirage-pages-prod-", "")}\` ${AlarmDescription}`;
      })
      .sort(),
  );
});
