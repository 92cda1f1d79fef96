// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is CloudFormation's own syntax
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Provider, Resource } from "../../../local/service.ts";
import { loadStack, ResourceFailed } from "../../../local/stack/loader.ts";
import { InvalidTemplate, parseTemplate } from "../../../local/stack/template.ts";

const place = { region: "eu-west-1", endpoint: "http://127.0.0.1:1" };

async function load(template: Record<string, unknown>, parameters: Record<string, string> = {}) {
  const made: Resource[] = [];
  const provider: Provider = {
    honoured: { "Test::Thing": ["Value", "Optional", "Deep.Inner.Used"] },
    async provision(resource) {
      if (resource.properties.Value === "explode") throw new Error("it exploded");
      made.push(resource);
      return {
        ref: `ref-${resource.logicalId}`,
        attributes: { Arn: `arn-${resource.logicalId}`, "Deep.Name": "deep" },
      };
    },
  };
  const stack = await loadStack(parseTemplate(template), {
    name: "s",
    place,
    providers: [provider],
    parameters,
  });
  const values = Object.fromEntries(made.map(({ logicalId, properties }) => [logicalId, properties.Value]));
  return { stack, made, values };
}

const thing = (Value: unknown, more: object = {}): unknown => ({
  Type: "Test::Thing",
  Properties: { Value },
  ...more,
});

test("every intrinsic function is resolved", async () => {
  const { values, stack } = await load(
    {
      Parameters: {
        Name: { Type: "String", Default: "world" },
        List: { Type: "CommaDelimitedList", Default: "a,b,c" },
        Given: { Type: "Number" },
      },
      Mappings: { Map: { one: { key: "mapped" } } },
      Conditions: {
        IsWorld: { "Fn::Equals": [{ Ref: "Name" }, "world"] },
        Never: { "Fn::Not": [{ Condition: "IsWorld" }] },
        Both: {
          "Fn::And": [
            { Condition: "IsWorld" },
            { "Fn::Or": [{ Condition: "Never" }, { Condition: "IsWorld" }] },
          ],
        },
      },
      Resources: {
        Base: thing("base"),
        Ref: thing({ Ref: "Base" }),
        GetAtt: thing({ "Fn::GetAtt": ["Base", "Arn"] }),
        GetAttText: thing({ "Fn::GetAtt": "Base.Deep.Name" }),
        Sub: thing({ "Fn::Sub": "${Name}/${Base}/${Base.Arn}/${!Literal}/${AWS::Region}/${AWS::AccountId}" }),
        SubMap: thing({ "Fn::Sub": ["${X}-${Name}", { X: { Ref: "Given" } }] }),
        Join: thing({ "Fn::Join": ["-", ["a", { Ref: "Name" }]] }),
        Select: thing({ "Fn::Select": [1, { "Fn::Split": [":", "a:b:c"] }] }),
        ListRef: thing({ "Fn::Select": ["2", { Ref: "List" }] }),
        If: thing({ "Fn::If": ["Both", "yes", "no"] }),
        NoValue: thing({ a: { Ref: "AWS::NoValue" }, b: [{ Ref: "AWS::NoValue" }, 1] }),
        Base64: thing({ "Fn::Base64": "hello" }),
        Zones: thing({ "Fn::GetAZs": "" }),
        Find: thing({ "Fn::FindInMap": ["Map", "one", "key"] }),
        Cidr: thing({ "Fn::Cidr": ["10.0.0.0/16", 2, 8] }),
        Left: thing("never made", { Condition: "Never" }),
      },
      Outputs: {
        Where: { Value: { "Fn::GetAtt": ["Base", "Arn"] } },
        Hidden: { Condition: "Never", Value: "x" },
      },
    },
    { Given: "7" },
  );
  assert.deepEqual(values, {
    Base: "base",
    Ref: "ref-Base",
    GetAtt: "arn-Base",
    GetAttText: "deep",
    Sub: "world/ref-Base/arn-Base/${Literal}/eu-west-1/000000000000",
    SubMap: "7-world",
    Join: "a-world",
    Select: "b",
    ListRef: "c",
    If: "yes",
    NoValue: { b: [1] },
    Base64: "aGVsbG8=",
    Zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    Find: "mapped",
    Cidr: ["10.0.0.0/24", "10.0.1.0/24"],
  });
  assert.deepEqual(stack.outputs, { Where: "arn-Base" });
});

test("resources are made after what they refer to or depend on", async () => {
  const { made } = await load({
    Resources: {
      Last: thing({ "Fn::Sub": "${Middle.Arn}" }),
      Middle: thing("x", { DependsOn: ["First"] }),
      First: thing("y"),
    },
  });
  assert.deepEqual(
    made.map(({ logicalId }) => logicalId),
    ["First", "Middle", "Last"],
  );
});

test("what is not honoured is told", async () => {
  const { stack } = await load({
    Resources: {
      Strange: { Type: "AWS::Unknown::Type", Properties: {} },
      Known: { Type: "Test::Thing", Properties: { Value: { Ref: "Strange" }, Other: 1, Tags: [] } },
      Kept: { Type: "Test::Thing", DeletionPolicy: "Retain", Properties: { Value: { all: "of it" } } },
      Deep: {
        Type: "Test::Thing",
        Properties: { Deep: { Inner: [{ Used: 1, Idle: 2 }, { Idle: 3 }], Beside: { a: 1 } } },
      },
    },
  });
  assert.deepEqual(stack.unhonoured, [
    { logicalId: "Strange", type: "AWS::Unknown::Type", property: undefined },
    { logicalId: "Known", type: "Test::Thing", property: "Other" },
    { logicalId: "Kept", type: "Test::Thing", property: "DeletionPolicy" },
    { logicalId: "Deep", type: "Test::Thing", property: "Deep.Inner.Idle" },
    { logicalId: "Deep", type: "Test::Thing", property: "Deep.Beside" },
  ]);
});

test("a template that is wrong is refused with the place of the fault", async () => {
  const circle = { A: thing({ Ref: "B" }), B: thing({ Ref: "A" }) };
  await assert.rejects(load({ Resources: circle }), { name: "InvalidTemplate", message: /A → B → A/ });
  const nowhere = load({ Resources: { A: thing({ Ref: "Nobody" }) } });
  await assert.rejects(
    nowhere,
    (error) => error instanceof ResourceFailed && /A .*Nobody/.test(error.message),
  );
  const broken = load({ Resources: { A: thing("explode") } });
  await assert.rejects(broken, { name: "ResourceFailed", message: /Resource A .*it exploded/ });
  const unset = load({ Parameters: { P: { Type: "String" } }, Resources: {} });
  await assert.rejects(
    unset,
    (error) => error instanceof InvalidTemplate && /Parameter P/.test(error.message),
  );
});
