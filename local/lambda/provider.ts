import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import { isServiceName, type Judge } from "../iam/judge.ts";
import type { Provider, Provisioned, Resource } from "../service.ts";
import { members, optionalBoolean, optionalNumber, optionalText, text, texts } from "../wire/members.ts";
import type { EventSources } from "./event-sources.ts";
import type { FunctionUrls } from "./function-urls.ts";
import type { Functions } from "./functions.ts";
import { unpack } from "./package.ts";
import type { FunctionConfig } from "./types.ts";

/** What the Node.js that npm brings stands for. */
const RUNTIME = "nodejs24.x";

/** A function's zip is not beside the template. */
class PackageMissing extends Error {
  override readonly name = "PackageMissing";

  constructor(name: string, path: string) {
    super(`The zip of function ${name} is not at ${path}. Package the stack again: serverless package.`);
  }
}

export interface LambdaProviderOptions {
  readonly functions: Functions;
  readonly sources: EventSources;
  readonly urls: FunctionUrls;
  readonly judge: Judge;
  readonly place: Place;
  /** Where the zips lie that the template names by their S3 keys. */
  readonly packageDirectory: string;
  /** Where they are unpacked. */
  readonly codeDirectory: string;
}

/** Makes functions, their event sources and URLs. */
export function lambdaProvider(options: LambdaProviderOptions): Provider {
  const make: Record<string, (resource: Resource) => Promise<Provisioned>> = {
    "AWS::Lambda::Function": (resource) => makeFunction(resource, options),
    "AWS::Lambda::EventSourceMapping": (resource) => makeSource(resource, options),
    "AWS::Lambda::Url": (resource) => makeUrl(resource, options),
    "AWS::Lambda::Version": async ({ properties }) => {
      const { arn } = options.functions.find(text(properties, "FunctionName"));
      return { ref: `${arn}:1`, attributes: { Version: "1", FunctionArn: `${arn}:1` } };
    },
    "AWS::Lambda::Permission": async (resource) => grant(resource, options),
    "AWS::Lambda::EventInvokeConfig": async ({ logicalId }) => ({ ref: logicalId, attributes: {} }),
  };
  return {
    honoured: {
      "AWS::Lambda::Function": [
        ...[
          "Code.S3Key",
          "EphemeralStorage",
          "Environment",
          "FunctionName",
          "Handler",
          "LoggingConfig.LogGroup",
        ],
        ...["MemorySize", "ReservedConcurrentExecutions", "Role", "Runtime", "Timeout"],
      ],
      "AWS::Lambda::EventSourceMapping": [
        ...["BatchSize", "Enabled", "EventSourceArn", "FunctionName", "FunctionResponseTypes"],
        ...["MaximumBatchingWindowInSeconds", "ScalingConfig.MaximumConcurrency"],
      ],
      "AWS::Lambda::Permission": [
        ...["Action", "FunctionName", "FunctionUrlAuthType", "InvokedViaFunctionUrl", "Principal"],
        ...["SourceAccount", "SourceArn"],
      ],
      "AWS::Lambda::Url": ["AuthType", "TargetFunctionArn"],
      "AWS::Lambda::Version": ["FunctionName"],
      "AWS::Lambda::EventInvokeConfig": [],
    },
    provision: (resource) => {
      const maker = make[resource.type];
      if (maker === undefined) throw new Error(`Lambda does not make ${resource.type}.`);
      return maker(resource);
    },
  };
}

async function makeFunction(resource: Resource, options: LambdaProviderOptions): Promise<Provisioned> {
  const { stack, logicalId, properties } = resource;
  const { place } = options;
  const name = optionalText(properties, "FunctionName") ?? `${stack}-${logicalId}`;
  const runtime = text(properties, "Runtime");
  if (runtime !== RUNTIME)
    throw new Error(`Functions of the runtime ${runtime} do not run here, but ${RUNTIME}.`);
  const zip = join(options.packageDirectory, basename(text(members(properties, "Code"), "S3Key")));
  if (!existsSync(zip)) throw new PackageMissing(name, zip);
  const code = await unpack(zip, join(options.codeDirectory, name));
  const variables = members(members(properties, "Environment"), "Variables");
  const config: FunctionConfig = {
    name,
    arn: arn(place, "lambda", `function:${name}`),
    handler: text(properties, "Handler"),
    roleArn: text(properties, "Role"),
    environment: Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, String(value)])),
    timeoutSeconds: optionalNumber(properties, "Timeout") ?? 3,
    memoryMiB: optionalNumber(properties, "MemorySize") ?? 128,
    ephemeralMiB: optionalNumber(members(properties, "EphemeralStorage"), "Size") ?? 512,
    reservedConcurrency: optionalNumber(properties, "ReservedConcurrentExecutions"),
    logGroup: optionalText(members(properties, "LoggingConfig"), "LogGroup") ?? `/aws/lambda/${name}`,
    codeDirectory: code.directory,
    codeSha256: code.sha256,
    codeBytes: code.bytes,
    lastModified: Date.now(),
    runtime,
  };
  options.functions.define(config);
  return { ref: name, attributes: { Arn: config.arn } };
}

async function makeSource(resource: Resource, { sources }: LambdaProviderOptions): Promise<Provisioned> {
  const { stack, logicalId, properties } = resource;
  const queueArn = text(properties, "EventSourceArn");
  if (!queueArn.includes(":sqs:"))
    throw new Error(`${logicalId}: only SQS queues can be event sources here.`);
  const id = `${stack}-${logicalId}`;
  sources.set({
    id,
    queueArn,
    functionName: text(properties, "FunctionName"),
    enabled: optionalBoolean(properties, "Enabled") ?? true,
    batchSize: optionalNumber(properties, "BatchSize") ?? 10,
    windowSeconds: optionalNumber(properties, "MaximumBatchingWindowInSeconds") ?? 0,
    maximumConcurrency: optionalNumber(members(properties, "ScalingConfig"), "MaximumConcurrency") ?? 5,
    reportsFailures: texts(properties, "FunctionResponseTypes").includes("ReportBatchItemFailures"),
  });
  return { ref: id, attributes: { Id: id } };
}

/**
 * A permission is a statement of the function's policy.
 * https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
 */
function grant(
  { logicalId, properties }: Resource,
  { functions, judge }: LambdaProviderOptions,
): Provisioned {
  const { arn: functionArn } = functions.find(text(properties, "FunctionName"));
  const principal = text(properties, "Principal");
  const kind = isServiceName(principal) ? "Service" : "AWS";
  const [sourceArn, sourceAccount] = [properties.SourceArn, properties.SourceAccount];
  const [authType, viaUrl] = [properties.FunctionUrlAuthType, properties.InvokedViaFunctionUrl];
  const Condition = {
    ...(sourceArn !== undefined && { ArnLike: { "aws:SourceArn": sourceArn } }),
    ...((sourceAccount ?? authType) !== undefined && {
      StringEquals: {
        ...(sourceAccount !== undefined && { "aws:SourceAccount": sourceAccount }),
        ...(authType !== undefined && { "lambda:FunctionUrlAuthType": authType }),
      },
    }),
    ...(viaUrl !== undefined && { Bool: { "lambda:InvokedViaFunctionUrl": viaUrl } }),
  };
  const Principal = principal === "*" ? principal : { [kind]: principal };
  const Action = text(properties, "Action");
  judge.lay(functionArn, {
    Statement: { Effect: "Allow", Principal, Action, Resource: functionArn, Condition },
  });
  return { ref: logicalId, attributes: {} };
}

async function makeUrl(resource: Resource, { urls, functions }: LambdaProviderOptions): Promise<Provisioned> {
  const config = functions.find(text(resource.properties, "TargetFunctionArn"));
  const authType = text(resource.properties, "AuthType");
  if (authType !== "NONE") throw new Error(`Function URLs of AuthType ${authType} do not exist here.`);
  const url = await urls.open(config.name);
  return { ref: config.arn, attributes: { FunctionUrl: url, FunctionArn: config.arn } };
}
