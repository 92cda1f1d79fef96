import type { TemplateResource } from "./packaged.ts";

/** A statement of a policy in the template, its names and ARNs as text: `*` where a name is not known yet. */
export interface Statement {
  /** Whose policy it stands in, and what kind of policy that is. */
  readonly of: string;
  readonly kind: "identity" | "trust" | "resource";
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: readonly string[];
  readonly principals: unknown;
}

interface PolicyDocument {
  readonly Statement: readonly {
    readonly Effect: string;
    readonly Action: string | readonly string[];
    readonly Resource?: unknown;
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly Principal?: unknown;
  }[];
}

type Resources = ReadonlyMap<string, TemplateResource>;

const ACCOUNT = "000000000000";
const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::Partition": "aws",
  "AWS::Region": "us-east-1",
  "AWS::AccountId": ACCOUNT,
};

/** ARNs of the resources that policies name, by type. A name that CloudFormation chooses becomes `*`. */
const ARNS: Readonly<Record<string, (name: string) => string>> = {
  "AWS::S3::Bucket": (name) => `arn:aws:s3:::${name}`,
  "AWS::SQS::Queue": (name) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`,
  "AWS::SNS::Topic": (name) => `arn:aws:sns:us-east-1:${ACCOUNT}:${name}`,
  "AWS::CodeBuild::Project": (name) => `arn:aws:codebuild:us-east-1:${ACCOUNT}:project/${name}`,
  // CloudFormation's attribute ends so.
  "AWS::Logs::LogGroup": (name) => `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:${name}:*`,
  "AWS::Events::Rule": (name) => `arn:aws:events:us-east-1:${ACCOUNT}:rule/${name}`,
  "AWS::IAM::Role": (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`,
  "AWS::Lambda::Function": (name) => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`,
  "AWS::StepFunctions::StateMachine": (name) => `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:${name}`,
};

const NAME_PROPERTIES = [
  "BucketName",
  "QueueName",
  "TopicName",
  "LogGroupName",
  "RoleName",
  "FunctionName",
  "Name",
];

/** Every statement of the template's policies: the roles', who may take a role, and those of resources. */
export function statementsOf(resources: Resources): Statement[] {
  const text = textOf(resources);
  const read = (of: string, kind: Statement["kind"], document: unknown): Statement[] =>
    (document as PolicyDocument).Statement.map(
      ({ Effect, Action, Resource = [], Condition = {}, Principal }) => ({
        of,
        kind,
        effect: Effect,
        actions: [Action].flat(),
        resources: [Resource].flat().map(text),
        conditions: Object.values(Condition).flatMap((keys) => Object.keys(keys)),
        principals: Principal,
      }),
    );
  return [...resources].flatMap(([id, { Properties = {} }]) => {
    const { PolicyDocument, AssumeRolePolicyDocument, Policies = [] } = Properties;
    const inline = Policies as readonly { readonly PolicyDocument: unknown }[];
    return [
      ...inline.flatMap((policy) => read(id, "identity", policy.PolicyDocument)),
      ...(AssumeRolePolicyDocument ? read(id, "trust", AssumeRolePolicyDocument) : []),
      ...(PolicyDocument ? read(id, "resource", PolicyDocument) : []),
    ];
  });
}

/** Turns what stands for an ARN or a name in the template into text. Throws for what it does not know. */
function textOf(resources: Resources): (value: unknown) => string {
  const nameOf = (resource: TemplateResource): string => {
    const named = NAME_PROPERTIES.map((property) => resource.Properties?.[property]).find(
      (name) => name !== undefined,
    );
    return named === undefined ? "*" : text(named);
  };
  const reference = (name: string): string => {
    if (PSEUDO[name] !== undefined) return PSEUDO[name];
    const [id = "", attribute] = name.split(".");
    const resource = resources.get(id);
    if (resource === undefined) throw new Error(`The template has no resource ${id}.`);
    const arn = ARNS[resource.Type];
    // Ref of a topic and of a state machine is its ARN.
    const isArn =
      attribute === "Arn" || (attribute === undefined && /SNS::Topic|StateMachine$/.test(resource.Type));
    if (isArn && arn === undefined) throw new Error(`How ARNs of ${resource.Type} look is not known here.`);
    if (isArn && arn !== undefined) return arn(nameOf(resource));
    return attribute === undefined ? nameOf(resource) : "*";
  };
  const text = (value: unknown): string => {
    if (typeof value === "string") return value;
    const {
      Ref,
      "Fn::GetAtt": attribute,
      "Fn::Sub": sub,
      "Fn::Join": join,
    } = value as Record<string, unknown>;
    if (typeof Ref === "string") return reference(Ref);
    if (Array.isArray(attribute)) return reference(attribute.join("."));
    if (typeof sub === "string")
      return sub.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => reference(name));
    if (Array.isArray(join)) return (join[1] as unknown[]).map(text).join(String(join[0]));
    throw new Error(`It is not known here what ${JSON.stringify(value)} stands for.`);
  };
  return text;
}
