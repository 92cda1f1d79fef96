/**
 * Makes a role `name` as a resource, which `service` may assume: only for what `condition` says, if one is given.
 * Lambda's roles need none: it assumes a role for functions of the role's own account alone.
 */
module.exports =
  ({ sub }, stack) =>
  (service, name, statements, condition) => ({
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: sub(`${stack}-${name}-\${AWS::Region}`),
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: service },
            Action: "sts:AssumeRole",
            ...(condition && { Condition: condition }),
          },
        ],
      },
      Policies: [{ PolicyName: name, PolicyDocument: { Version: "2012-10-17", Statement: statements } }],
    },
  });
