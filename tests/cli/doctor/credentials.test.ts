import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Call } from "../../../local/front-door/front-door.ts";
import { matches } from "../../../local/iam/wildcards.ts";
import { AwsError } from "../../../local/service.ts";
import { root } from "../../kit/package.ts";
import { Account, complaints } from "./account.ts";

/** Whether doctor may ask at all: whose credentials these are, for which region, and what they allow. */
describe("doctor asks AWS", { timeout: 120_000 }, () => {
  let account: Account;

  before(async () => {
    account = await Account.start();
  });
  after(() => account?.stop());

  it("a wrong stage or region: AWS is not even asked", async () => {
    const findings = await account.examine("Other", {}, undefined, "frankfurt");
    assert.match(complaints(findings), /^place: The stage is "Other"; write 1 to 12 lower-case letters/m);
    assert.match(complaints(findings), /^place: The region is "frankfurt"; write a region's code/m);
    assert.deepEqual(account.calls, []);
  });

  it("a region that does not exist", async () => {
    const findings = await account.examine("other", {}, undefined, "eu-nowhere-1");
    assert.match(complaints(findings), /^region: AWS knows no region "eu-nowhere-1"\. → .*--region/m);
  });

  it("credentials that have expired, or that are nobody's: nothing else is asked", async () => {
    const sts = (error: AwsError) => (call: Call) => {
      if (call.service === "sts") throw error;
    };
    const expired = new AwsError(
      "ExpiredToken",
      "The security token included in the request is expired",
      403,
    );
    const findings = await account.examine("other", { keep: "0" }, sts(expired));
    assert.match(complaints(findings), /^credentials: The credentials have expired: .* → Sign in again/m);
    assert.match(complaints(findings), /^parameters: The parameter keep is "0"/m);
    assert.deepEqual(account.calls, ["sts GetCallerIdentity"]);
    const unknown = new AwsError("InvalidClientTokenId", "The security token is invalid.", 403);
    assert.match(
      complaints(await account.examine("other", {}, sts(unknown))),
      /^credentials: AWS refuses the credentials: /,
    );
  });

  it("a call that the credentials do not allow is a warning that says which", async () => {
    const findings = await account.examine("other", {}, ({ service }) => {
      if (service === "iam")
        throw new AwsError("AccessDenied", "not authorized to perform: iam:ListRoles", 403);
    });
    assert.equal(complaints(findings), "");
    assert.match(complaints(findings, "warning"), /^roles: This was not looked at, .*iam:ListRoles → /m);
  });

  it("without leave to see the stack nothing else can be told", async () => {
    const findings = await account.examine("prod", { keep: "0" }, ({ service }) => {
      if (service === "cloudformation")
        throw new AwsError("AccessDenied", "not authorized: DescribeStacks", 403);
    });
    assert.deepEqual(
      [...new Set(findings.map(({ check }) => check))],
      ["credentials", "parameters", "stack"],
    );
    assert.match(
      complaints(findings, "warning"),
      /^stack: This was not looked at, .*DescribeStacks → .*docs\/aws\.md/,
    );
  });

  it("who has docs/deployer-policy.json may look at everything", async () => {
    const policy = await readFile(join(root, "docs/deployer-policy.json"), "utf8");
    const { Statement } = JSON.parse(policy) as { Statement: { Action: string | string[] }[] };
    const allowed = Statement.flatMap(({ Action }) => Action);
    await account.examine("prod");
    const asked = account.calls.map((call) => call.replace(" ", ":").replace(/^s3:HEAD .*/, "s3:ListBucket"));
    const refused = asked.filter((action) => !allowed.some((pattern) => matches(pattern, action)));
    // Everybody may ask who they are.
    assert.deepEqual([...new Set(refused)], ["sts:GetCallerIdentity"]);
  });
});
