import assert from "node:assert/strict";
import { test } from "node:test";
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
} from "@aws-sdk/client-lambda";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { TestStack } from "../support.ts";
import { closeAfter, eventually, functionResource, testCloud } from "../support.ts";

const source = `
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
let count = 0;
class TurnLost extends Error { name = "TurnLost"; }
export const handler = async (event, context) => {
  count += 1;
  console.log("event", event);
  switch (event.do) {
    case "context": return {
      name: context.functionName, id: context.awsRequestId, arn: context.invokedFunctionArn,
      remaining: context.getRemainingTimeInMillis(), environment: process.env, count, pid: process.pid,
    };
    case "throw": throw new TurnLost("The turn went to another execution.");
    case "sleep": await new Promise((resolve) => setTimeout(resolve, event.ms)); return { count, pid: process.pid };
    case "exit": process.exit(7); break;
    case "fill": writeFileSync(join(tmpdir(), "big"), Buffer.alloc(event.bytes)); await new Promise((r) => setTimeout(r, 8000)); return 1;
    case "memory": { const kept = []; for (;;) { kept.push(Buffer.alloc(8 * 1024 * 1024, 1)); await new Promise((r) => setTimeout(r, 5)); } }
    case "large": return "x".repeat(event.bytes);
    default: return undefined;
  }
};`;

const stack: TestStack = {
  resources: {
    Worker: functionResource("worker", { Timeout: 10, Environment: { Variables: { GREETING: "hello" } } }),
    Short: functionResource("short", { Timeout: 1 }),
    Small: functionResource("small", { MemorySize: 128, Timeout: 20 }),
    One: functionResource("one", { ReservedConcurrentExecutions: 1, Timeout: 10 }),
    Broken: functionResource("broken"),
    Web: functionResource("web"),
    WebUrl: {
      Type: "AWS::Lambda::Url",
      Properties: { AuthType: "NONE", TargetFunctionArn: { "Fn::GetAtt": ["Web", "Arn"] } },
    },
    UrlPermission: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        ...{ FunctionName: { Ref: "Web" }, Principal: "*", Action: "lambda:InvokeFunctionUrl" },
        FunctionUrlAuthType: "NONE",
      },
    },
    InvokePermission: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        ...{ FunctionName: { Ref: "Web" }, Principal: "*", Action: "lambda:InvokeFunction" },
        InvokedViaFunctionUrl: true,
      },
    },
  },
  outputs: { Web: { Value: { "Fn::GetAtt": ["WebUrl", "FunctionUrl"] } } },
  functions: {
    worker: source,
    short: source,
    small: source,
    one: source,
    web: `export const handler = async (event) => event.rawPath === "/plain" ? { plain: true } : {
      statusCode: 201, headers: { "x-path": event.rawPath }, body: event.requestContext.http.method + event.rawQueryString,
    };`,
    broken: "throw new TypeError('cannot load'); export const handler = 1;",
  },
};

async function setUp(t: Parameters<typeof testCloud>[0]) {
  const { cloud, config } = await testCloud(t, stack);
  const lambda = new LambdaClient({ ...config, maxAttempts: 1 });
  closeAfter(t, lambda);
  const invoke = async (FunctionName: string, event: unknown) => {
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }));
    const value: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString());
    return { value: value as Record<string, unknown>, error: answer.FunctionError };
  };
  return { cloud, config, lambda, invoke };
}

test("a function sees its environment, role and context, and is reused", async (t) => {
  process.env.LEAKED = "secret";
  const { cloud, invoke } = await setUp(t);
  const { value } = await invoke("worker", { do: "context" });
  const environment = value.environment as Record<string, string>;
  assert.equal(value.name, "worker");
  assert.equal(value.arn, "arn:aws:lambda:us-east-1:000000000000:function:worker");
  assert.ok(Number(value.remaining) > 9000 && Number(value.remaining) <= 10_000);
  assert.equal(environment.GREETING, "hello");
  assert.equal(environment.AWS_ENDPOINT_URL, cloud.endpoint);
  assert.equal(environment.LEAKED, undefined);
  assert.equal(environment.NODE_COMPILE_CACHE, undefined);
  const sts = new STSClient({
    endpoint: cloud.endpoint,
    region: "us-east-1",
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? "",
      sessionToken: environment.AWS_SESSION_TOKEN ?? "",
    },
  });
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(Arn, "arn:aws:iam::000000000000:role/test-role");
  sts.destroy();
  const again = await invoke("worker", { do: "context" });
  assert.equal(again.value.pid, value.pid);
  assert.equal(again.value.count, 2);
  const changed = cloud.functions.find("worker");
  cloud.functions.define({ ...changed, environment: { ...changed.environment, GREETING: "goodbye" } });
  const fresh = await invoke("worker", { do: "context" });
  assert.notEqual(fresh.value.pid, value.pid, "another configuration takes another process");
  assert.equal((fresh.value.environment as Record<string, string>).GREETING, "goodbye");
});

test("errors, exits and broken modules come in Lambda's form", async (t) => {
  const { invoke } = await setUp(t);
  const thrown = await invoke("worker", { do: "throw" });
  assert.equal(thrown.error, "Unhandled");
  assert.equal(thrown.value.errorType, "TurnLost");
  assert.equal(thrown.value.errorMessage, "The turn went to another execution.");
  assert.ok(Array.isArray(thrown.value.trace));
  const exit = await invoke("worker", { do: "exit" });
  assert.equal(exit.value.errorType, "Runtime.ExitError");
  const broken = await invoke("broken", {});
  assert.equal(broken.value.errorType, "TypeError");
  assert.equal(broken.value.errorMessage, "cannot load");
  const large = await invoke("worker", { do: "large", bytes: 7 * 1024 * 1024 });
  assert.equal(large.value.errorType, "Function.ResponseSizeTooLarge");
});

test("time, memory and /tmp have their limits", async (t) => {
  const { invoke } = await setUp(t);
  const late = await invoke("short", { do: "sleep", ms: 5000 });
  assert.equal(late.value.errorType, "Sandbox.Timedout");
  assert.match(String(late.value.errorMessage), /^RequestId: .* Error: Task timed out after 1\.00 seconds$/);
  const hungry = await invoke("small", { do: "memory" });
  assert.equal(hungry.value.errorType, "Runtime.ExitError");
  assert.match(String(hungry.value.errorMessage), /signal: killed$/);
  const full = await invoke("worker", { do: "fill", bytes: 600 * 1024 * 1024 });
  assert.match(String(full.value.errorMessage), /ENOSPC|signal: killed/);
});

test("executions run side by side, but no more than are reserved", async (t) => {
  const { invoke } = await setUp(t);
  const both = await Promise.all([1, 2].map(() => invoke("worker", { do: "sleep", ms: 300 })));
  assert.notEqual(both[0]?.value.pid, both[1]?.value.pid);
  const first = invoke("one", { do: "sleep", ms: 1000 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await assert.rejects(invoke("one", {}), { name: "TooManyRequestsException" });
  assert.equal((await first).error, undefined);
});

test("functions are described and their logs are kept", async (t) => {
  const { config, lambda, invoke } = await setUp(t);
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  assert.equal(Functions.length, 6);
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: "worker" }));
  assert.equal(Configuration?.Timeout, 10);
  const unknown = lambda.send(new GetFunctionCommand({ FunctionName: "nobody" }));
  await assert.rejects(unknown, { name: "ResourceNotFoundException" });
  await invoke("worker", { do: "nothing" });
  const logs = new CloudWatchLogsClient(config);
  closeAfter(t, logs);
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: "/aws/lambda/worker" }));
  const lines = events.map(({ message = "" }) => message);
  assert.match(lines[0] ?? "", /^START RequestId: /);
  assert.match(lines[1] ?? "", /\tINFO\tevent \{ do: 'nothing' \}$/);
  assert.match(lines.at(-2) ?? "", /^END RequestId: /);
  assert.match(lines.at(-1) ?? "", /^REPORT RequestId: .*\tMemory Size: 256 MB\tMax Memory Used: \d+ MB/);
});

test("an asynchronous invocation is retried twice", async (t) => {
  const { config } = await testCloud(t, stack, { retrySeconds: [0.1, 0.1] });
  const lambda = new LambdaClient(config);
  const logs = new CloudWatchLogsClient(config);
  closeAfter(t, lambda, logs);
  const Payload = JSON.stringify({ do: "throw" });
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: "worker", InvocationType: "Event", Payload }),
  );
  assert.equal(answer.StatusCode, 202);
  const starts = async (): Promise<number> => {
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: "/aws/lambda/worker", filterPattern: '"START RequestId"' }),
    );
    return events.length;
  };
  await eventually("the third attempt", async () => ((await starts()) === 3 ? true : undefined));
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(await starts(), 3);
});

test("a function URL answers without a signature", async (t) => {
  const { cloud } = await testCloud(t, stack);
  const url = cloud.outputs.Web ?? "";
  const made = await fetch(`${url}.well-known/token?a=b`, { method: "POST", body: "x" });
  assert.deepEqual([made.status, made.headers.get("x-path")], [201, "/.well-known/token"]);
  assert.equal(await made.text(), "POSTa=b");
  const plain = await fetch(`${url}plain`);
  assert.deepEqual([plain.status, await plain.json()], [200, { plain: true }]);
});
