import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { actionsNamed, knowsNoResource, missingTypes, problemsOf } from "./actions.ts";
import { mayFit } from "./arns.ts";
import { type Packaged, readPackaged } from "./packaged.ts";
import { type Statement, statementsOf } from "./policies.ts";

/** Actions that could name resources and stand with `*` all the same, and why. */
const ANY_RESOURCE: Readonly<Record<string, string>> = {
  "DiskImportRole ec2:Describe*": "AWS documents the role so, and does not say what the import service asks",
};

/** Which service takes the role of a resource of a type. */
const SERVICES: Readonly<Record<string, string>> = {
  "AWS::Lambda::Function": "lambda",
  "AWS::StepFunctions::StateMachine": "states",
  "AWS::CodeBuild::Project": "codebuild",
  "AWS::Scheduler::Schedule": "scheduler",
  "AWS::Events::Rule": "events",
};

/** Types that the data calls required, though only one of several is. */
const ONE_OF_SEVERAL: readonly string[] = ["states:DescribeExecution asks for express"];

/** Every policy of the template against AWS's service authorization reference. */
describe("the packaged template's policies", () => {
  let resources: Packaged["resources"];
  let statements: readonly Statement[];

  before(async () => {
    ({ resources } = await readPackaged());
    statements = statementsOf(resources);
  });

  it("name actions that exist, on resources that they act on, under conditions that they know", async () => {
    assert.ok(statements.length > 100, `${statements.length} statements`);
    for (const kind of ["identity", "trust", "resource"])
      assert.ok(
        statements.some((statement) => statement.kind === kind),
        kind,
      );
    assert.deepEqual((await Promise.all(statements.map(problemsOf))).flat(), []);
  });

  it("cover every resource type that an allowed action always asks for", async () => {
    const missing: string[] = [];
    for (const [key, resources] of allowed()) {
      const [of = "", action = ""] = key.split(" ");
      const types = (await missingTypes(action, resources)).map((type) => `${action} asks for ${type}`);
      missing.push(...types.filter((type) => !ONE_OF_SEVERAL.includes(type)).map((type) => `${of}: ${type}`));
    }
    assert.deepEqual(missing, []);
  });

  it("say `*` only for actions that know no resources", async () => {
    const free = new Set<string>();
    for (const { kind, of, resources, actions } of statements) {
      if (kind !== "identity" || !resources.includes("*")) continue;
      for (const pattern of actions) {
        const resourceless = await Promise.all((await actionsNamed(pattern)).map(knowsNoResource));
        if (resourceless.includes(false)) free.add(`${of} ${pattern}`);
      }
    }
    assert.deepEqual([...free].sort(), Object.keys(ANY_RESOURCE).sort());
  });

  it("let a role be taken by the service of the resource that it is for, and by no other", () => {
    for (const { kind, of, principals } of statements) {
      if (kind !== "trust") continue;
      const users = [...resources.values()].filter(({ Type, Properties }) => {
        return Type in SERVICES && JSON.stringify(Properties).includes(`{"Fn::GetAtt":["${of}","Arn"]}`);
      });
      const services = new Set(users.map(({ Type }) => SERVICES[Type]));
      // No resource of the template bears it: calls name it.
      if (of === "DiskImportRole") services.add("vmie");
      const taken = (principals as { readonly Service: string }).Service;
      assert.deepEqual(
        [...services].map((name) => `${name}.amazonaws.com`),
        [taken],
        of,
      );
    }
  });

  it("of a resource speak of that resource, and open it to nobody but a service", () => {
    for (const { kind, effect, principals, conditions, of } of statements) {
      if (kind !== "resource" || effect !== "Allow") continue;
      assert.ok(principals !== "*" && Object.keys(principals as object).join() === "Service", of);
      assert.ok(
        conditions.some((key) => /^aws:Source(Arn|Account)$/i.test(key)),
        `${of}: any account may use it`,
      );
    }
  });

  it("would be found wrong, if they were", async () => {
    const base: Statement = {
      ...{ of: "X", kind: "identity", effect: "Allow", conditions: [], principals: undefined },
      ...{ actions: [], resources: [] },
    };
    const ec2 = "arn:aws:ec2:us-east-1:000000000000";
    const problems = (statement: Partial<Statement>) => problemsOf({ ...base, ...statement });
    assert.deepEqual(await problems({ actions: ["s3:ReadObject"], resources: ["*"] }), [
      "X: s3:ReadObject: there is no such action",
    ]);
    assert.deepEqual(await problems({ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::bucket"] }), [
      "X: s3:GetObject: never acts on arn:aws:s3:::bucket",
    ]);
    assert.deepEqual(await problems({ actions: ["s3:ListBucket"], resources: ["arn:aws:s3:::bucket/*"] }), [
      "X: s3:ListBucket: never acts on arn:aws:s3:::bucket/*",
    ]);
    // Snapshots and images belong to no account in an ARN.
    assert.deepEqual(await problems({ actions: ["ec2:DeleteSnapshot"], resources: [`${ec2}:snapshot/*`] }), [
      `X: ec2:DeleteSnapshot: never acts on ${ec2}:snapshot/*`,
    ]);
    const conditions = ["ec2:InstanceType"];
    assert.deepEqual(
      await problems({ actions: ["ec2:RunInstances"], resources: [`${ec2}:volume/*`], conditions }),
      ["X: ec2:RunInstances: does not know the condition key ec2:InstanceType for these resources"],
    );
    assert.deepEqual(await missingTypes("ec2:RunInstances", [`${ec2}:instance/*`, `${ec2}:volume/*`]), [
      "image",
      "network-interface",
      "security-group",
      "subnet",
    ]);
  });

  it("are compared as AWS compares ARNs", () => {
    const object = `arn:\${Partition}:s3:::\${BucketName}/\${ObjectName}`;
    const bucket = `arn:\${Partition}:s3:::\${BucketName}`;
    assert.ok(mayFit("arn:aws:s3:::state/releases/*", object));
    assert.ok(mayFit("arn:aws:s3:::*", object));
    assert.ok(mayFit("arn:aws:s3:::state", bucket));
    assert.ok(!mayFit("arn:aws:s3:::state", object));
    assert.ok(!mayFit("arn:aws:s3:::state/key", bucket));
    assert.ok(!mayFit("arn:aws:sqs:::state", bucket));
  });

  /** The resources of each role's allowed actions, over all its statements: by "role service:Action". */
  function allowed(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const { kind, of, effect, actions, resources } of statements) {
      if (kind !== "identity" || effect !== "Allow" || resources.includes("*")) continue;
      for (const action of actions)
        found.set(`${of} ${action}`, [...(found.get(`${of} ${action}`) ?? []), ...resources]);
    }
    return found;
  }
});
