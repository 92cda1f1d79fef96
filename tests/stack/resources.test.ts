import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import { type Packaged, readPackaged } from "./packaged.ts";
import { type Problem, type Specification, specification } from "./specification.ts";

/** The template against CloudFormation's own description of its resource types. */
describe("the packaged template's resources", () => {
  let packaged: Packaged;
  let spec: Specification;

  before(async () => {
    packaged = await readPackaged();
    spec = specification(await loadAwsServiceSpec(), packaged.resources);
  });

  it("exist, with every property, its type and its allowed values; what is required is there", () => {
    const problems: Problem[] = [];
    for (const [id, resource] of packaged.resources) problems.push(...spec.check(id, resource));
    assert.deepEqual(problems, []);
    assert.ok(spec.looked > 500, `${spec.looked} properties were looked at`);
  });

  it("have every attribute that is asked for, and every name that is referred to", () => {
    const found = spec.references(packaged.template);
    assert.deepEqual(found.problems, []);
    assert.ok(found.count > 100, `${found.count} references`);
  });

  it("would be found wrong, if they were", () => {
    const wrong = {
      AWS: { Type: "AWS::EC2::Machine", Properties: {} },
      Key: { Type: "AWS::EC2::EIP", Properties: { Tagz: [] } },
      Deep: {
        Type: "AWS::S3::Bucket",
        Properties: { PublicAccessBlockConfiguration: { BlockPublicAcl: true } },
      },
      Item: {
        Type: "AWS::EC2::SecurityGroup",
        Properties: { GroupDescription: "x", SecurityGroupEgress: ["x"] },
      },
      Type: { Type: "AWS::SQS::Queue", Properties: { VisibilityTimeout: "soon" } },
      Missing: { Type: "AWS::EC2::Subnet", Properties: { CidrBlock: "10.0.0.0/24" } },
      Value: { Type: "AWS::Lambda::Function", Properties: { Code: {}, Role: "r", PackageType: "Tar" } },
    };
    const problems = Object.entries(wrong).flatMap(([id, resource]) => spec.check(id, resource));
    assert.deepEqual(problems, [
      "AWS: there is no resource type AWS::EC2::Machine",
      "Key.Tagz: there is no such property",
      "Deep.PublicAccessBlockConfiguration.BlockPublicAcl: there is no such property",
      'Item.SecurityGroupEgress.0: "x" is no Egress',
      'Type.VisibilityTimeout: "soon" is no integer',
      "Missing.VpcId: is required",
      'Value.PackageType: "Tar" is none of Image, Zip',
    ]);
    const { problems: names } = spec.references({
      a: { Ref: "Nobody" },
      b: { "Fn::GetAtt": ["ContentQueue", "Url"] },
      c: { "Fn::GetAtt": ["ContentBucket", "Arn"] },
      d: {
        "Fn::Sub": ["Nowhere.Arn", "AWS::Continent", "StateBucket"].map((name) => `\${${name}}`).join(" "),
      },
    });
    assert.deepEqual(names, [
      "Ref Nobody: there is no such resource",
      "GetAtt ContentQueue.Url: AWS::SQS::Queue has no such attribute",
      "GetAtt Nowhere.Arn: there is no such resource",
      "Ref AWS::Continent: there is no such pseudo parameter",
    ]);
  });
});
