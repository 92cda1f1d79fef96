import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { EC2Client, ImportSnapshotCommand } from "@aws-sdk/client-ec2";
import type { Statement } from "../../local/iam/evaluate.ts";
import { settingOf } from "../functions/by-hand.ts";
import type { Template } from "../kit/package.ts";
import type { Recorded } from "../kit/recording.ts";
import { TestStack } from "../kit/stack.ts";
import { audit, type WrittenRole } from "./usage.ts";

const read: Statement = {
  Effect: "Allow",
  Action: ["s3:GetObject", "s3:PutObject"],
  Resource: ["arn:aws:s3:::b/x/*", "arn:aws:s3:::b/y"],
};
const list: Statement = { Effect: "Allow", Action: "s3:ListBucket", Resource: "arn:aws:s3:::b" };

function role(reasons: Record<number, string> = {}): WrittenRole {
  const entries = Object.entries(reasons).map(([place, reason]) => [Number(place), reason] as const);
  return { parameters: "{}", name: "r", statements: [read, list], reasons: new Map(entries) };
}

function call(action: string, resource: string, statement: number | undefined, statements = [read, list]) {
  const effect = statement === undefined ? "implicit deny" : "allow";
  const question = { action, resource, context: {} };
  return { parameters: "{}", role: "r", statements, question, effect, statement } as Recorded;
}

const all = [
  call("s3:GetObject", "arn:aws:s3:::b/x/1", 0),
  call("s3:PutObject", "arn:aws:s3:::b/x/1", 0),
  call("s3:GetObject", "arn:aws:s3:::b/y", 0),
  call("s3:PutObject", "arn:aws:s3:::b/y", 0),
  call("s3:ListBucket", "arn:aws:s3:::b", 1),
];

describe("the audit of the roles", () => {
  it("has nothing to say when every action on every resource is used", () => {
    assert.deepEqual(audit([role()], all), []);
  });

  it("names a refused call", () => {
    const refused = call("s3:DeleteObject", "arn:aws:s3:::b/y", undefined);
    assert.deepEqual(audit([role()], [...all, refused, refused]), [
      "r was refused s3:DeleteObject on arn:aws:s3:::b/y (implicit deny).",
    ]);
  });

  it("names what no call uses, down to one action on one resource", () => {
    assert.deepEqual(audit([role()], all.slice(1)), [
      "r: no test needs s3:GetObject on arn:aws:s3:::b/x/* (statement 0).",
    ]);
  });

  it("takes a reason for a statement that is not used, and for no other", () => {
    const reasons = { 1: "nobody lists" };
    assert.deepEqual(audit([role(reasons)], all.slice(0, 4)), []);
    assert.deepEqual(audit([role(reasons)], all), [
      'r says "nobody lists" of statement 1, but a test uses s3:ListBucket on arn:aws:s3:::b by it.',
    ]);
  });

  it("finds a call that stays allowed without its statement", () => {
    const wide = { ...read, Action: "s3:*" };
    const [first] = all.map((one) => ({ ...one, statements: [read, list, wide] }));
    assert.deepEqual(audit([role()], [...all, first as Recorded]), [
      "r may do s3:GetObject on arn:aws:s3:::b/x/1 by statement 0 and by another one too.",
    ]);
  });
});

interface RoleProperties {
  AssumeRolePolicyDocument: { Statement: unknown[] };
  Policies: { PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] } }[];
}

function propertiesOf(template: Template, logicalId: string): RoleProperties {
  return template.Resources[logicalId]?.Properties as unknown as RoleProperties;
}

/** A stack whose template lacks what one role may do by an action, on anything or on one resource. */
async function without(t: TestContext, logicalId: string, action: string, on = ""): Promise<TestStack> {
  const change = (template: Template) => {
    for (const { PolicyDocument } of propertiesOf(template, logicalId).Policies) {
      const statements = PolicyDocument.Statement.map((statement) => {
        if (![statement.Action].flat().includes(action)) return statement;
        const kept = [statement.Resource].flat().filter((one) => !JSON.stringify(one).includes(on));
        return { ...statement, Resource: kept };
      });
      PolicyDocument.Statement = statements.filter(({ Resource }) => [Resource].flat().length > 0);
    }
  };
  const stack = await TestStack.start({ recorded: false, change });
  t.after(() => stack.stop());
  return stack;
}

/** What happens on a person's side when the template lacks something. */
describe("a stack that lacks", { timeout: 300_000 }, () => {
  const upload = (stack: TestStack) => stack.put(stack.content, "index.html", "<h1>one</h1>");

  it("a permission of a function: the deployment fails in AWS's words, and they are notified", async (t) => {
    const stack = await without(t, "SettleRole", "s3:ListBucketMultipartUploads");
    const [ended] = await stack.settleAfter(() => upload(stack));
    assert.deepEqual([ended?.status, ended?.error], ["FAILED", "AccessDenied"]);
    const text =
      "User: arn:aws:sts::000000000000:assumed-role/mirage-pages-prod-settle-us-east-1/local is not authorized to " +
      `perform: s3:ListBucketMultipartUploads on resource: "arn:aws:s3:::${stack.content}" because no ` +
      "identity-based policy allows the s3:ListBucketMultipartUploads action";
    assert.ok(ended?.cause.includes(text), ended?.cause);
    const notes = await readFile(join(stack.dataDir, "notifications.jsonl"), "utf8");
    assert.match(
      notes,
      /AccessDenied: User: \S+ is not authorized to perform: s3:ListBucketMultipartUploads/,
    );
  });

  it("the deployment's permission to call a function: Lambda.AWSLambdaException", async (t) => {
    const stack = await without(t, "DeployMachineRole", "lambda:InvokeFunction", "-settle");
    const [ended] = await stack.settleAfter(() => upload(stack));
    assert.equal(ended?.error, "Lambda.AWSLambdaException");
    assert.match(
      ended?.cause ?? "",
      /is not authorized to perform: lambda:InvokeFunction on resource: \S+:mirage-pages-prod-settle because no identity-based policy allows the lambda:InvokeFunction action \(Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException\)/,
    );
  });

  it("the import role's permission to read: ImportSnapshot refuses the role", async (t) => {
    const stack = await without(t, "DiskImportRole", "s3:GetObject");
    await stack.put(stack.state, "imports/000001.raw", Buffer.alloc(512));
    const RoleName = settingOf(stack, "start-import", "IMPORT_ROLE");
    const disk = { Format: "RAW", UserBucket: { S3Bucket: stack.state, S3Key: "imports/000001.raw" } };
    const ec2 = new EC2Client(stack.sdk);
    t.after(() => ec2.destroy());
    for (const name of [RoleName, "vmimport"]) {
      await assert.rejects(ec2.send(new ImportSnapshotCommand({ DiskContainer: disk, RoleName: name })), {
        name: "InvalidParameter",
        message: `The service role ${name} provided does not exist or does not have sufficient permissions`,
      });
    }
  });

  it("the trust in Lambda: the stack does not come up", async () => {
    const change = (template: Template) => {
      propertiesOf(template, "PlanRole").AssumeRolePolicyDocument.Statement = [];
    };
    await assert.rejects(TestStack.start({ recorded: false, change }), {
      name: "ResourceFailed",
      message: /PlanLambdaFunction .* The role defined for the function cannot be assumed by Lambda\./,
    });
  });

  it("a role that a function names: the stack does not come up", async () => {
    const change = (template: Template) => {
      delete template.Resources.PlanRole;
    };
    await assert.rejects(TestStack.start({ recorded: false, change }), { message: /PlanRole/ });
  });
});
