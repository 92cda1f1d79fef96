import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { startCloud } from "../../../local/cloud.ts";
import type { TestStack } from "../support.ts";
import {
  clientConfig,
  closeAfter,
  cloudOptions,
  eventually,
  functionResource,
  testCloud,
} from "../support.ts";

const worker = `
import { existsSync, writeFileSync, readFileSync } from "node:fs";
export const handler = async (event) => {
  if (event.failTimes !== undefined) {
    const count = existsSync(event.file) ? Number(readFileSync(event.file, "utf8")) : 0;
    writeFileSync(event.file, String(count + 1));
    if (count < event.failTimes) { const error = new Error("not yet"); error.name = "TransientFault"; throw error; }
    return { attempts: count + 1 };
  }
  if (event.throw) { const error = new Error(event.message); error.name = event.throw; throw error; }
  if (event.sleep) await new Promise((resolve) => setTimeout(resolve, event.sleep));
  if (event.large) return "x".repeat(event.large);
  return { got: event };
};`;

const lambda = "arn:aws:lambda:us-east-1:000000000000:function:worker";
const task = (more: Record<string, unknown>): unknown => ({
  Type: "Task",
  Resource: lambda,
  End: true,
  ...more,
});
const machines: Record<string, unknown> = {
  simple: {
    StartAt: "call",
    States: {
      call: task({
        Parameters: {
          "id.$": "$$.Execution.Id",
          "state.$": "$$.State.Name",
          "machine.$": "$$.StateMachine.Id",
          "name.$": "$$.Execution.Name",
        },
        End: undefined,
        Next: "wait",
      }),
      wait: { Type: "Wait", Seconds: 1, Next: "choose" },
      choose: {
        Type: "Choice",
        Choices: [{ Variable: "$.got.state", StringEquals: "call", Next: "done" }],
        Default: "failed",
      },
      done: { Type: "Succeed" },
      failed: { Type: "Fail", Error: "Wrong", Cause: "state name" },
    },
  },
  retry: {
    StartAt: "try",
    States: {
      try: task({
        Retry: [{ ErrorEquals: ["TransientFault"], IntervalSeconds: 1, BackoffRate: 1, MaxAttempts: 3 }],
      }),
    },
  },
  caught: {
    StartAt: "try",
    States: {
      try: task({
        Catch: [
          { ErrorEquals: ["Other"], Next: "wrong" },
          { ErrorEquals: ["TurnLost"], ResultPath: "$.failure", Next: "right" },
        ],
      }),
      right: { Type: "Pass", End: true },
      wrong: { Type: "Fail" },
    },
  },
  bare: { StartAt: "try", States: { try: task({}) } },
  slow: { StartAt: "wait", States: { wait: { Type: "Wait", Seconds: 60, End: true } } },
  limited: { StartAt: "try", States: { try: task({ TimeoutSeconds: 1 }) } },
  integrated: {
    StartAt: "call",
    States: {
      call: {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke",
        Parameters: { FunctionName: lambda, "Payload.$": "$" },
        OutputPath: "$.Payload",
        End: true,
      },
    },
  },
  mapped: {
    StartAt: "each",
    States: {
      each: {
        Type: "Map",
        ItemsPath: "$.items",
        MaxConcurrency: 2,
        ItemProcessor: { StartAt: "one", States: { one: task({ ResultPath: "$.done" }) } },
        End: true,
      },
    },
  },
  branches: {
    StartAt: "both",
    States: {
      both: {
        Type: "Parallel",
        Branches: [
          { StartAt: "left", States: { left: task({}) } },
          { StartAt: "right", States: { right: { Type: "Pass", Result: "right", End: true } } },
        ],
        Catch: [{ ErrorEquals: ["TurnLost"], Next: "caught" }],
        End: true,
      },
      caught: { Type: "Pass", Result: "caught", End: true },
    },
  },
  endless: { StartAt: "a", States: { a: { Type: "Pass", Next: "b" }, b: { Type: "Pass", Next: "a" } } },
};

const stack: TestStack = {
  resources: {
    Worker: functionResource("worker", { Timeout: 10 }),
    ...Object.fromEntries(
      Object.entries(machines).map(([name, definition]) => [
        `Machine${name}`,
        {
          Type: "AWS::StepFunctions::StateMachine",
          Properties: {
            StateMachineName: name,
            RoleArn: { "Fn::GetAtt": ["Role", "Arn"] },
            DefinitionString: JSON.stringify(definition),
          },
        },
      ]),
    ),
  },
  functions: { worker },
};

const machineArn = (name: string): string => `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;

async function setUp(t: Parameters<typeof testCloud>[0]) {
  const started = await testCloud(t, stack);
  const sfn = new SFNClient(started.config);
  closeAfter(t, sfn);
  const start = async (machine: string, input: unknown, name?: string): Promise<string> => {
    const command = new StartExecutionCommand({
      stateMachineArn: machineArn(machine),
      input: JSON.stringify(input),
      name,
    });
    return (await sfn.send(command)).executionArn ?? "";
  };
  const run = async (machine: string, input: unknown) => {
    const executionArn = await start(machine, input);
    return eventually(`the end of ${machine}`, async () => {
      const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      return execution.status === "RUNNING" ? undefined : execution;
    });
  };
  return { ...started, sfn, start, run };
}

test("tasks, waits, choices and the context object, with AWS's history", async (t) => {
  const { sfn, run } = await setUp(t);
  const execution = await run("simple", {});
  assert.equal(execution.status, "SUCCEEDED", execution.cause);
  const { got } = JSON.parse(execution.output ?? "") as { got: Record<string, string> };
  assert.deepEqual(got, {
    id: execution.executionArn,
    state: "call",
    machine: machineArn("simple"),
    name: execution.name,
  });
  const history = new GetExecutionHistoryCommand({ executionArn: execution.executionArn });
  const { events = [] } = await sfn.send(history);
  assert.deepEqual(
    events.map(({ type }) => type),
    [
      ...["ExecutionStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted"],
      ...["LambdaFunctionSucceeded", "TaskStateExited", "WaitStateEntered", "WaitStateExited"],
      ...[
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
      ],
    ],
  );
  assert.deepEqual(
    events.map(({ id }) => id),
    events.map((_, index) => index + 1),
  );
  assert.equal(events[1]?.stateEnteredEventDetails?.name, "call");
  assert.ok((events.at(-1)?.timestamp?.getTime() ?? 0) - (events[0]?.timestamp?.getTime() ?? 0) >= 1000);
  const last = new GetExecutionHistoryCommand({
    executionArn: execution.executionArn,
    reverseOrder: true,
    maxResults: 2,
  });
  const page = await sfn.send(last);
  assert.deepEqual(
    page.events?.map(({ type }) => type),
    ["ExecutionSucceeded", "SucceedStateExited"],
  );
  assert.ok(page.nextToken);
});

test("retries and catches match the name of the thrown error", async (t) => {
  const { run, directory } = await setUp(t);
  const retried = await run("retry", { failTimes: 2, file: `${directory}/count` });
  assert.deepEqual(JSON.parse(retried.output ?? "{}"), { attempts: 3 });
  const caught = await run("caught", { throw: "TurnLost", message: "gone" });
  assert.equal(caught.status, "SUCCEEDED");
  const { failure } = JSON.parse(caught.output ?? "") as { failure: { Error: string; Cause: string } };
  assert.equal(failure.Error, "TurnLost");
  const cause = JSON.parse(failure.Cause) as Record<string, unknown>;
  assert.deepEqual([cause.errorType, cause.errorMessage], ["TurnLost", "gone"]);
  assert.ok(Array.isArray(cause.trace));
  const failed = await run("bare", { throw: "BuildFailed", message: "no" });
  assert.equal(failed.status, "FAILED");
  assert.equal(failed.error, "BuildFailed");
});

test("limits: a task's time, the size of a result, the length of a history", async (t) => {
  const { run, sfn } = await setUp(t);
  assert.equal((await run("limited", { sleep: 3000 })).error, "States.Timeout");
  assert.equal((await run("bare", { large: 300_000 })).error, "States.DataLimitExceeded");
  const endless = await run("endless", {});
  assert.equal(endless.status, "FAILED");
  assert.match(endless.cause ?? "", /25000/);
  const { executionArn } = endless;
  const history = await sfn.send(
    new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 1 }),
  );
  assert.equal(history.events?.[0]?.id, 25_000);
});

test("maps and branches", async (t) => {
  const { run } = await setUp(t);
  const items = [1, 2, 3].map((n) => ({ n }));
  const mapped = await run("mapped", { items });
  assert.equal(mapped.status, "SUCCEEDED", mapped.cause);
  assert.deepEqual(
    JSON.parse(mapped.output ?? ""),
    items.map((item) => ({ ...item, done: { got: item } })),
  );
  const branches = await run("branches", { a: 1 });
  assert.deepEqual(JSON.parse(branches.output ?? ""), [{ got: { a: 1 } }, "right"]);
  const caught = await run("branches", { throw: "TurnLost", message: "gone" });
  assert.equal(caught.output, '"caught"');
});

test("the lambda:invoke integration", async (t) => {
  const { run } = await setUp(t);
  const execution = await run("integrated", { a: 1 });
  assert.deepEqual(JSON.parse(execution.output ?? ""), { got: { a: 1 } });
});

test("names are unique, filters and pages work, and executions can be stopped", async (t) => {
  const { sfn, start } = await setUp(t);
  const first = await start("slow", { a: 1 }, "one");
  assert.equal(await start("slow", { a: 1 }, "one"), first);
  await assert.rejects(start("slow", { a: 2 }, "one"), { name: "ExecutionAlreadyExists" });
  await assert.rejects(start("slow", {}, "x".repeat(81)), { name: "InvalidName" });
  await assert.rejects(start("nobody", {}), { name: "StateMachineDoesNotExist" });
  await start("slow", {}, "two");
  await sfn.send(
    new StopExecutionCommand({ executionArn: first, error: "Enough", cause: "said the person" }),
  );
  const stopped = await sfn.send(new DescribeExecutionCommand({ executionArn: first }));
  assert.deepEqual([stopped.status, stopped.error, stopped.cause], ["ABORTED", "Enough", "said the person"]);
  await assert.rejects(start("slow", { a: 1 }, "one"), { name: "ExecutionAlreadyExists" });
  const stateMachineArn = machineArn("slow");
  const running = await sfn.send(new ListExecutionsCommand({ stateMachineArn, statusFilter: "RUNNING" }));
  assert.deepEqual(
    running.executions?.map(({ name }) => name),
    ["two"],
  );
  const page = await sfn.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1 }));
  const { nextToken } = page;
  const rest = await sfn.send(new ListExecutionsCommand({ stateMachineArn, nextToken }));
  assert.deepEqual(
    [page, rest].flatMap(({ executions }) => executions?.map(({ name }) => name)),
    ["two", "one"],
  );
});

test("after a restart, what was running is aborted and history is there", async (t) => {
  const { cloud, sfn: before, start, directory, packageDir } = await setUp(t);
  const executionArn = await start("slow", {}, "interrupted");
  await eventually("it waits", async () => {
    const { events = [] } = await before.send(new GetExecutionHistoryCommand({ executionArn }));
    return events.find(({ type }) => type === "WaitStateEntered");
  });
  await cloud.stop();
  const again = await startCloud(cloudOptions(directory, packageDir));
  const sfn = new SFNClient(clientConfig(again));
  try {
    const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    assert.equal(status, "ABORTED");
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"],
    );
  } finally {
    sfn.destroy();
    await again.stop();
  }
});

test("nothing starts once the local cloud has stopped", async (t) => {
  const DefinitionString = '{"StartAt":"done","States":{"done":{"Type":"Succeed"}}}';
  const RoleArn = { "Fn::GetAtt": ["Role", "Arn"] };
  const lines: string[] = [];
  const resources = {
    Machine: { Type: "AWS::StepFunctions::StateMachine", Properties: { DefinitionString, RoleArn } },
    Rule: {
      Type: "AWS::Events::Rule",
      Properties: {
        EventPattern: { source: ["test"] },
        Targets: [{ Id: "machine", Arn: { Ref: "Machine" }, RoleArn }],
      },
    },
  };
  const { cloud } = await testCloud(t, { resources }, { log: (line) => lines.push(line) });
  await cloud.stop();
  cloud.bus.put({ source: "test", detailType: "late", resources: [], detail: {} });
  assert.match(lines.join("\n"), /could not deliver to \S+:stateMachine:\S+: The local cloud is stopping\./);
});
