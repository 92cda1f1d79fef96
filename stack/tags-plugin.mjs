/** Types whose Tags are a list of keys and values. What cannot be tagged (policies, routes, records) is not among them. */
const TAGGED = new Set([
  "AWS::CloudWatch::Alarm",
  "AWS::CodeBuild::Project",
  "AWS::EC2::EIP",
  "AWS::EC2::InternetGateway",
  "AWS::EC2::RouteTable",
  "AWS::EC2::SecurityGroup",
  "AWS::EC2::Subnet",
  "AWS::EC2::VPC",
  "AWS::Events::Rule",
  "AWS::IAM::OIDCProvider",
  "AWS::IAM::Role",
  "AWS::Lambda::EventSourceMapping",
  "AWS::Lambda::Function",
  "AWS::Logs::LogGroup",
  "AWS::S3::Bucket",
  "AWS::SNS::Topic",
  "AWS::SQS::Queue",
  "AWS::StepFunctions::StateMachine",
]);

/**
 * Gives every resource of the template the stack's tags, those that serverless adds too. CloudFormation hands
 * the stack's tags on to some types and not to others, and roles' conditions depend on them.
 */
export default class TagsPlugin {
  constructor(serverless) {
    this.hooks = {
      "after:aws:package:finalize:mergeCustomProviderResources": () => tagAll(serverless.service.provider),
    };
  }
}

function tagAll({ compiledCloudFormationTemplate: template, stackTags }) {
  for (const resource of Object.values(template.Resources)) {
    if (!TAGGED.has(resource.Type)) continue;
    resource.Properties ??= {};
    const others = (resource.Properties.Tags ?? []).filter(({ Key }) => !(Key in stackTags));
    const ours = Object.entries(stackTags).map(([Key, Value]) => ({ Key, Value }));
    resource.Properties.Tags = [...others, ...ours];
  }
}
