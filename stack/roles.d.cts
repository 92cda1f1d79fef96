/** A statement of a role's policy, as roles.cjs writes it. */
interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** The roles of the stack as resources of its template; `resolveVariable` gives the values of serverless.yml. */
declare function roles(serverless: { resolveVariable(name: string): Promise<unknown> }): Promise<{
  Resources: Record<
    string,
    {
      Type: string;
      Properties: {
        RoleName: { "Fn::Sub": string };
        Policies: { PolicyName: string; PolicyDocument: { Statement: Statement[] } }[];
      };
    }
  >;
}>;

declare namespace roles {
  /** Why no call of the tests uses a statement, by the statement itself. */
  const reasons: ReadonlyMap<unknown, string>;
}

export = roles;
