import assert from "node:assert/strict";
import { test } from "node:test";
import { RECORDING, readRecording } from "../kit/recording.ts";
import { readPackaged } from "../stack/packaged.ts";
import { ADVICE, audit, writtenRoles } from "../stack/usage.ts";

const folder = process.env[RECORDING];
const skip = folder === undefined && "it looks at the calls of a whole test run: npm test";

test("the roles allow what the tests' calls need, and nothing that no call needs", { skip }, async (t) => {
  const calls = readRecording(folder ?? "");
  const variants = new Set(["{}", ...calls.map(({ parameters }) => parameters)]);
  const written = (await Promise.all([...variants].map(writtenRoles))).flat();
  t.diagnostic(`${calls.length} kinds of calls of ${new Set(calls.map(({ role }) => role)).size} roles`);
  assert.ok(calls.length > 100, "the recording is that of a whole test run");
  const findings = audit(written, calls);
  assert.ok(findings.length === 0, `${findings.join("\n")}\n${ADVICE}`);
});

test("what is looked at are the template's roles", async () => {
  const { resources } = await readPackaged();
  const roles = [...resources.values()].filter(({ Type }) => Type === "AWS::IAM::Role");
  const packaged = roles.map(({ Properties }) => {
    const policies = Properties.Policies as { PolicyDocument: { Statement: unknown[] } }[];
    return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  });
  assert.deepEqual(
    packaged,
    (await writtenRoles()).map(({ statements }) => statements),
  );
});
