/** The claims by which GitHub's tokens are known. https://docs.github.com/en/actions/reference/security/oidc */
const ISSUER = "token.actions.githubusercontent.com";

/**
 * The role of a repository's workflows on GitHub, which does what `mirage-pages deploy` does and no more: write the
 * content, ask for its deployment, and read how that goes. Only the named repository's tokens open it, and only
 * for what its parameter says: one branch, one environment, or every branch; never pull requests or tags.
 */
module.exports = (statements, { stack, github, provider }) => {
  if (github === "") return {};
  const { sub, allow, inAccount, content, reads, writes, lists, machine, execution } = statements;
  const { looksAtOwners, startsDeployments } = statements;
  const [, repository, rest] = /^([^/]+\/[^:]+)(?::(.+))?$/.exec(github);
  const subject = `repo:${repository}:${rest ?? "ref:refs/heads/*"}`;
  const permissions = [
    allow("cloudformation:DescribeStacks", inAccount("cloudformation", `stack/${stack}/*`)),
    allow("s3:ListBucket", sub("${ContentBucket.Arn}")),
    content(["s3:PutObject", "s3:DeleteObject"], "*"),
    lists,
    reads("live.json", "refused.json", "turn/lock.json"),
    writes("requests/content.json"),
    startsDeployments,
    looksAtOwners,
    allow("states:ListExecutions", machine("deploy")),
    allow("states:GetExecutionHistory", execution("deploy")),
  ];
  const GithubRole = {
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: sub(`${stack}-github-\${AWS::Region}`),
      Description: `GitHub's workflows of ${repository} deploy the site with it`,
      MaxSessionDuration: 3600,
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Federated: provider === "" ? { Ref: "GithubProvider" } : provider },
            Action: "sts:AssumeRoleWithWebIdentity",
            Condition: {
              StringEquals: { [`${ISSUER}:aud`]: "sts.amazonaws.com" },
              StringLike: { [`${ISSUER}:sub`]: subject },
            },
          },
        ],
      },
      Policies: [{ PolicyName: "github", PolicyDocument: { Version: "2012-10-17", Statement: permissions } }],
    },
  };
  // IAM looks the issuer's certificate up among public authorities: no thumbprint is asked for.
  const GithubProvider = {
    Type: "AWS::IAM::OIDCProvider",
    Properties: { Url: `https://${ISSUER}`, ClientIdList: ["sts.amazonaws.com"] },
  };
  return { GithubRole, ...(provider === "" && { GithubProvider }) };
};
