/**
 * What is told after a deploy (`serverless info --verbose`), beside the address, the DNS records, the buckets and
 * the topic, which are told where they are made: the command that uploads, pages of the console, and what the stack
 * was deployed with, as JSON, by which `mirage-pages doctor` warns when another deploy would undo it.
 */
module.exports = async ({ resolveVariable, resolveConfigurationProperty }) => {
  const stack = await resolveVariable("self:custom.stack");
  const defaults = await resolveConfigurationProperty(["params", "default"]);
  const entries = await Promise.all(
    Object.keys(defaults).map(async (name) => [name, String(await resolveVariable(`param:${name}`))]),
  );
  const given = entries.filter(([name, value]) => value !== String(defaults[name]));
  const output = (Description, text) => ({ Description, Value: { "Fn::Sub": text } });
  const arn = `arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:stateMachine:${stack}-deploy`;
  const console = (path) => `https://\${AWS::Region}.console.aws.amazon.com/${path}`;
  const Outputs = {
    SyncCommand: output(
      "Uploads a site, which deploys it",
      "aws s3 sync --delete _site s3://${ContentBucket} --region ${AWS::Region}",
    ),
    DeploymentsConsole: output(
      "Deployments, step by step",
      console(`states/home?region=\${AWS::Region}#/statemachines/view/${arn}`),
    ),
    BuildsConsole: output(
      "Builds of the unikernel",
      console("codesuite/codebuild/${AWS::AccountId}/projects/${BuildProject}?region=${AWS::Region}"),
    ),
    LogsConsole: output(
      "Logs of functions, builds and deployments",
      // The page's own way to write "?logGroupNameFilter=".
      console(`cloudwatch/home?region=\${AWS::Region}#logsV2:log-groups$3FlogGroupNameFilter$3D${stack}`),
    ),
    DeployMachine: output("The state machine of deployments", arn),
    ...(await githubOutput(resolveVariable)),
    StackRegion: output("The region of everything", "${AWS::Region}"),
    Parameters: {
      Description: "The values of --param that are no defaults",
      Value: JSON.stringify(Object.fromEntries(given)),
    },
  };
  return { Outputs };
};

/** What a workflow on GitHub needs to know. */
async function githubOutput(resolveVariable) {
  if ((await resolveVariable("param:github")) === "") return {};
  const Description =
    "The role of GitHub's workflows: role-to-assume of aws-actions/configure-aws-credentials";
  return { GithubRole: { Description, Value: { "Fn::GetAtt": ["GithubRole", "Arn"] } } };
}
