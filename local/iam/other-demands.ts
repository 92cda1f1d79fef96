import type { Caller } from "../service.ts";
import type { ApiCall, Demands } from "./demands.ts";
import { arnIn, demand, jsonMembers } from "./demands.ts";
import type { Question } from "./evaluate.ts";

type Members = Record<string, unknown>;
type Resources = (input: Members, caller: Caller) => string[];

/** Each action with the ARNs of what it is done to; `as` where the permission has another name. */
function jsonDemands(
  service: string,
  resources: Readonly<Record<string, Resources>>,
  as: Readonly<Record<string, string>> = {},
): Demands {
  return ({ action, body, caller }) => {
    const named = Object.hasOwn(resources, action) ? resources[action] : undefined;
    const permission = `${service}:${as[action] ?? action}`;
    return named?.(jsonMembers(body), caller).map((arn) => demand(permission, arn));
  };
}

const arnMember =
  (name: string): Resources =>
  (input) => [String(input[name] ?? "")];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html */
export const statesDemands = jsonDemands("states", {
  StartExecution: arnMember("stateMachineArn"),
  DescribeExecution: arnMember("executionArn"),
  GetExecutionHistory: arnMember("executionArn"),
  StopExecution: arnMember("executionArn"),
  DescribeStateMachine: arnMember("stateMachineArn"),
  ListExecutions: arnMember("stateMachineArn"),
});

const project = (name: unknown, caller: Caller): string =>
  arnIn(caller, "codebuild", `project/${String(name).replace(/^.*:project\//, "")}`);

/**
 * Builds are authorised by their project, whose name their ids begin with.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html
 */
export const codeBuildDemands = jsonDemands("codebuild", {
  StartBuild: ({ projectName }, caller) => [project(projectName, caller)],
  StopBuild: ({ id }, caller) => [project(projectOf(id), caller)],
  BatchGetBuilds: ({ ids }, caller) => list(ids).map((id) => project(projectOf(id), caller)),
});

function projectOf(buildId: unknown): string {
  return String(buildId)
    .replace(/^.*:build\//, "")
    .replace(/:[^:]*$/, "");
}

const logGroup: Resources = (input, caller) => {
  const name = String(input.logGroupName ?? input.logGroupIdentifier ?? "").replace(/^.*:log-group:/, "");
  return [arnIn(caller, "logs", `log-group:${name}:*`)];
};

const logStream: Resources = (input, caller) =>
  logGroup(input, caller).map((arn) => arn.replace(/\*$/, `log-stream:${String(input.logStreamName ?? "")}`));

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html */
export const logsDemands = jsonDemands("logs", {
  GetLogEvents: logStream,
  PutLogEvents: logStream,
  CreateLogStream: logGroup,
  FilterLogEvents: logGroup,
  DescribeLogStreams: logGroup,
});

const queue: Resources = ({ QueueUrl }, caller) => [
  arnIn(caller, "sqs", String(QueueUrl ?? "").replace(/^.*\//, "")),
];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html */
export const sqsDemands = jsonDemands(
  "sqs",
  {
    SendMessage: queue,
    SendMessageBatch: queue,
    ReceiveMessage: queue,
    DeleteMessage: queue,
    DeleteMessageBatch: queue,
    GetQueueAttributes: queue,
    GetQueueUrl: ({ QueueName }, caller) => [arnIn(caller, "sqs", String(QueueName ?? ""))],
  },
  { SendMessageBatch: "SendMessage", DeleteMessageBatch: "DeleteMessage" },
);

/** Publishing to a topic. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html */
export function snsDemands({ action, body }: ApiCall): Question[] | undefined {
  if (action !== "Publish") return undefined;
  const form = new URLSearchParams(body?.toString("utf8"));
  return [demand("sns:Publish", form.get("TopicArn") ?? form.get("TargetArn") ?? "*")];
}

/** Invoking a function. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html */
export function lambdaDemands({ method, url, caller }: ApiCall): Question[] | undefined {
  const { pathname } = new URL(url, "http://localhost");
  const name = /^\/2015-03-31\/functions\/([^/]+)\/invocations\/?$/.exec(pathname)?.[1];
  if (method !== "POST" || name === undefined) return undefined;
  const bare = decodeURIComponent(name).replace(/^.*:function:/, "");
  return [demand("lambda:InvokeFunction", arnIn(caller, "lambda", `function:${bare}`))];
}

/**
 * Looking at a stack. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
 * Stacks' ARNs end in an id of their own, which policies cannot know beforehand.
 */
export function cloudFormationDemands({ action, body, caller }: ApiCall): Question[] | undefined {
  if (action !== "DescribeStacks") return undefined;
  const name = new URLSearchParams(body?.toString("utf8")).get("StackName");
  if (name === null) return [demand("cloudformation:DescribeStacks", "*")];
  const arn = name.startsWith("arn:") ? name : arnIn(caller, "cloudformation", `stack/${name}/local`);
  return [demand("cloudformation:DescribeStacks", arn)];
}

/** Everybody may ask who they are. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function stsDemands({ action }: ApiCall): Question[] | undefined {
  return action === "GetCallerIdentity" ? [] : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
