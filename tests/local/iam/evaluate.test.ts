import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conditionsHold } from "../../../local/iam/conditions.ts";
import { evaluate } from "../../../local/iam/evaluate.ts";

const question = { action: "s3:GetObject", resource: "arn:aws:s3:::bucket/site/index.html", context: {} };

function effect(statement: Record<string, unknown> | Record<string, unknown>[], asked = {}): string {
  return evaluate([{ Version: "2012-10-17", Statement: statement }], { ...question, ...asked }).effect;
}

describe("evaluating policies", () => {
  const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };

  it("says no where nothing says yes", () => {
    assert.equal(evaluate([], question).effect, "implicit deny");
    assert.equal(effect([]), "implicit deny");
  });

  it("matches actions without regard to case, with wildcards", () => {
    assert.equal(effect(allow), "allow");
    assert.equal(effect({ ...allow, Action: "S3:getobject" }), "allow");
    assert.equal(effect({ ...allow, Action: ["s3:List*", "s3:Get*"] }), "allow");
    assert.equal(effect({ ...allow, Action: "s3:GetObjec?" }), "allow");
    assert.equal(effect({ ...allow, Action: "s3:GetObjectVersion" }), "implicit deny");
    assert.equal(effect({ ...allow, Action: "s3:Get" }), "implicit deny");
  });

  it("matches resources exactly, with wildcards, and nothing else is special in them", () => {
    const on = (Resource: unknown) => effect({ ...allow, Resource });
    assert.equal(on("arn:aws:s3:::bucket/site/*"), "allow");
    assert.equal(on("arn:aws:s3:::bucket/????/index.html"), "allow");
    assert.equal(on(["arn:aws:s3:::other/*", "arn:aws:s3:::bucket/*"]), "allow");
    assert.equal(on("arn:aws:s3:::Bucket/*"), "implicit deny");
    assert.equal(on("arn:aws:s3:::bucket/site/index_html"), "implicit deny");
    assert.equal(on("arn:aws:s3:::bucket/site/index.htm"), "implicit deny");
    assert.equal(effect({ ...allow, Resource: "arn:aws:s3:::b.cket/*" }), "implicit deny");
  });

  it("understands NotAction and NotResource", () => {
    const rest = { Effect: "Allow", Resource: "*" };
    assert.equal(effect({ ...rest, NotAction: "iam:*" }), "allow");
    assert.equal(effect({ ...rest, NotAction: ["iam:*", "s3:Get*"] }), "implicit deny");
    const elsewhere = { Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::bucket/site/*" };
    assert.equal(effect(elsewhere), "implicit deny");
    assert.equal(effect(elsewhere, { resource: "arn:aws:s3:::bucket/other" }), "allow");
  });

  it("lets an explicit deny win, wherever it stands", () => {
    const deny = { ...allow, Effect: "Deny" };
    assert.equal(effect([deny, allow]), "explicit deny");
    assert.equal(effect([allow, deny]), "explicit deny");
    const other = { ...deny, Resource: "arn:aws:s3:::other/*" };
    assert.equal(effect([allow, other]), "allow");
    const documents = [{ Statement: allow }, { Statement: [deny] }];
    assert.equal(evaluate(documents, question).effect, "explicit deny");
  });

  it("gives the statement that decided", () => {
    const Statement = [
      { ...allow, Sid: "no", Action: "s3:PutObject" },
      { ...allow, Sid: "yes" },
    ];
    assert.equal(evaluate([{ Statement }], question).statement?.Sid, "yes");
  });

  it("asks no condition about what is not there", () => {
    const tagged = { ...allow, Condition: { StringEquals: { "aws:ResourceTag/a": "b" } } };
    assert.equal(effect(tagged), "implicit deny");
    assert.equal(effect(tagged, { context: undefined }), "allow");
  });

  it("refuses to guess", () => {
    const name = "PolicyNotUnderstood";
    assert.throws(() => effect({ ...allow, Condition: { NumericLessThan: { x: "1" } } }), { name });
    assert.throws(() => effect({ ...allow, Resource: `arn:aws:s3:::bucket/$` + "{aws:username}" }), { name });
    assert.throws(() => effect({ ...allow, Principal: "*" }), { name });
    assert.throws(() => effect({ ...allow, NotAction: "x" }), { name });
    assert.throws(() => effect({ ...allow, Effect: "allow" }), { name });
  });
});

describe("conditions", () => {
  const context = {
    "aws:RequestTag/stack": ["prod"],
    "aws:TagKeys": ["stack", "release"],
    "aws:SecureTransport": ["true"],
    "aws:PrincipalArn": ["arn:aws:iam::1:role/team/x"],
  };
  const holds = (operator: string, key: string, value: unknown): boolean =>
    conditionsHold({ [operator]: { [key]: value } }, context);

  const cases: readonly (readonly [operator: string, key: string, value: unknown, holds: boolean])[] = [
    ["StringEquals", "aws:RequestTag/stack", "prod", true],
    ["StringEquals", "AWS:requesttag/Stack", "prod", true],
    ["StringEquals", "aws:RequestTag/stack", "Prod", false],
    ["StringEquals", "aws:RequestTag/stack", "pro*", false],
    ["StringEquals", "aws:RequestTag/stack", ["dev", "prod"], true],
    ["StringEquals", "aws:RequestTag/none", "prod", false],
    ["StringEqualsIfExists", "aws:RequestTag/none", "prod", true],
    ["StringEqualsIfExists", "aws:RequestTag/stack", "dev", false],
    ["StringEqualsIgnoreCase", "aws:RequestTag/stack", "PROD", true],
    ["StringNotEquals", "aws:RequestTag/stack", "prod", false],
    ["StringNotEquals", "aws:RequestTag/stack", ["dev", "prod"], false],
    ["StringNotEquals", "aws:RequestTag/stack", "dev", true],
    ["StringNotEquals", "aws:RequestTag/none", "prod", true],
    ["StringLike", "aws:RequestTag/stack", "p?o*", true],
    ["StringLike", "aws:RequestTag/stack", "d*", false],
    ["StringNotLike", "aws:RequestTag/stack", "p*", false],
    ["ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/team/*", true],
    ["ArnLike", "aws:PrincipalArn", "arn:aws:iam::1:role/*", true],
    ["ArnLike", "aws:PrincipalArn", "arn:*:role/team/x", false],
    ["ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::1:role/*", false],
    ["ArnNotEquals", "aws:SourceArn", "arn:aws:iam::1:role/*", true],
    ["Bool", "aws:SecureTransport", "true", true],
    ["Bool", "aws:SecureTransport", true, true],
    ["Bool", "aws:SecureTransport", "false", false],
    ["Bool", "aws:MultiFactorAuthPresent", "false", false],
    ["BoolIfExists", "aws:MultiFactorAuthPresent", "false", true],
    ["Null", "aws:RequestTag/stack", "false", true],
    ["Null", "aws:RequestTag/stack", "true", false],
    ["Null", "aws:RequestTag/none", "true", true],
    ["ForAllValues:StringEquals", "aws:TagKeys", ["stack", "release", "x"], true],
    ["ForAllValues:StringEquals", "aws:TagKeys", ["stack"], false],
    ["ForAllValues:StringEquals", "aws:None", ["stack"], true],
    ["ForAnyValue:StringEquals", "aws:TagKeys", ["stack"], true],
    ["ForAnyValue:StringEquals", "aws:TagKeys", ["x"], false],
    ["ForAnyValue:StringEquals", "aws:None", ["stack"], false],
    ["ForAnyValue:StringNotEquals", "aws:TagKeys", ["stack"], true],
    ["ForAllValues:StringNotEquals", "aws:TagKeys", ["stack"], false],
  ];
  for (const [operator, key, value, expected] of cases) {
    it(`${operator} ${key} ${JSON.stringify(value)}: ${expected}`, () => {
      assert.equal(holds(operator, key, value), expected);
    });
  }

  it("must hold all of them", () => {
    const StringEquals = { "aws:RequestTag/stack": "prod", "aws:RequestTag/none": "x" };
    assert.equal(conditionsHold({ StringEquals }, context), false);
    const both = {
      StringEquals: { "aws:RequestTag/stack": "prod" },
      Bool: { "aws:SecureTransport": "false" },
    };
    assert.equal(conditionsHold(both, context), false);
  });
});
