import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { deploy } from "../../lib/aws/deployments.ts";
import { evaluate } from "../../local/iam/evaluate.ts";
import { miragePages } from "../cli/program.ts";
import { idleExecution } from "../functions/by-hand.ts";
import { TestStack } from "../kit/stack.ts";
import { scratch } from "../lib/scratch.ts";
import { problemsOf } from "./actions.ts";
import { readPackaged } from "./packaged.ts";
import { statementsOf } from "./policies.ts";

const parameters = { github: "owner/repo:ref:refs/heads/main" };
const provider = "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com";
const ROLE = "mirage-pages-prod-github-us-east-1";
const issuer = "token.actions.githubusercontent.com";

describe("the role of a repository on GitHub", { timeout: 300_000 }, () => {
  let stack: TestStack;
  let s3: S3Client;
  let sfn: SFNClient;
  let credentials: Record<string, string>;

  before(async () => {
    stack = await TestStack.start({ parameters });
    const role = stack.cloud.iam.role(ROLE);
    assert.ok(role, "the stack has the role");
    const config = { ...stack.sdk, credentials: { ...role.key }, maxAttempts: 1 };
    // The command line's own code calls with the role too.
    const [STATE_BUCKET, DEPLOY_MACHINE] = [stack.state, stack.machineArn("deploy")];
    Object.assign(process.env, stack.cloud.environment, { STATE_BUCKET, DEPLOY_MACHINE });
    const { accessKeyId, secretAccessKey, sessionToken = "" } = role.key;
    credentials = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
    Object.assign(process.env, credentials);
    s3 = new S3Client(config);
    sfn = new SFNClient(config);
  });
  after(async () => {
    for (const client of [s3, sfn]) client?.destroy();
    await stack?.stop();
  });

  it("is there when it is asked for, and opens to that repository's tokens alone", async () => {
    assert.equal((await readPackaged()).resources.get("GithubRole"), undefined);
    const made = (await readPackaged(parameters)).resources;
    assert.deepEqual(trustOf(made.get("GithubRole")), {
      Effect: "Allow",
      Principal: { Federated: { Ref: "GithubProvider" } },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: { [`${issuer}:aud`]: "sts.amazonaws.com" },
        StringLike: { [`${issuer}:sub`]: "repo:owner/repo:ref:refs/heads/main" },
      },
    });
    const { Url, ClientIdList } = made.get("GithubProvider")?.Properties ?? {};
    assert.deepEqual([Url, ClientIdList], [`https://${issuer}`, ["sts.amazonaws.com"]]);
    // The reference knows only claims of issuers in general: GitHub's are named after it.
    const problems = (await Promise.all(statementsOf(made).map(problemsOf))).flat();
    const claims = ["aud", "sub"].map(
      (claim) => new RegExp(`^GithubRole: .* condition key ${issuer}:${claim} `),
    );
    assert.deepEqual(
      problems.filter((problem) => !claims.some((claim) => claim.test(problem))),
      [],
    );
  });

  it("takes the account's provider where one is given; without a branch every branch may deploy, nothing else", async () => {
    const { resources } = await readPackaged({ github: "owner/repo", githubProvider: provider });
    assert.equal(resources.get("GithubProvider"), undefined);
    const { Principal, Condition } = trustOf(resources.get("GithubRole"));
    assert.deepEqual(Principal, { Federated: provider });
    assert.deepEqual(Condition.StringLike, { [`${issuer}:sub`]: "repo:owner/repo:ref:refs/heads/*" });
  });

  it("is enough for `mirage-pages deploy`: the first time, with deletions, and for what is live already", async (t) => {
    const folder = await scratch(t);
    const deployed = async () => {
      const place = ["--endpoint", stack.cloud.endpoint, "--region", "us-east-1"];
      const { stdout, stderr } = await miragePages(
        stack,
        ["deploy", folder, "--json", ...place],
        credentials,
      );
      assert.match(stdout, /^\{/, stderr);
      return JSON.parse(stdout) as { outcome: string; release?: number };
    };
    await writeFile(join(folder, "index.html"), "<h1>one</h1>");
    await writeFile(join(folder, "old.html"), "old");
    assert.deepEqual([(await deployed()).outcome, (await stack.live())?.release], ["live", 1]);
    await rm(join(folder, "old.html"));
    assert.deepEqual([(await deployed()).outcome, (await stack.live())?.release], ["live", 2]);
    assert.equal((await deployed()).outcome, "nothing");
  });

  it("may ask for a deployment whose event was lost, while another execution has the turn", async () => {
    const [asked] = await stack.settleAfter(() => deploy("content"));
    assert.equal(asked?.outcome, "nothing", JSON.stringify(asked));
    const { executions } = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn: stack.machineArn("deploy") }),
    );
    const executionArn = executions?.[0]?.executionArn;
    await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    // While a retirement has the turn, whoever asks looks whether it is alive.
    await sfn.send(new DescribeExecutionCommand({ executionArn: await idleExecution(stack) }));
    const lock = new GetObjectCommand({ Bucket: stack.state, Key: "turn/lock.json" });
    // A retirement may have it at this moment; otherwise there is none, which only who may read it is told.
    await s3.send(lock).catch(({ name }: Error) => assert.equal(name, "NoSuchKey"));
  });

  it("may do nothing else: no keys, no records, no rollback, no other machine, nothing of what runs", () => {
    const policies = [...(stack.cloud.iam.role(ROLE)?.policies.values() ?? [])];
    const effect = (action: string, resource: string) =>
      evaluate(policies, { action, resource, context: {} }).effect;
    const inState = (key: string) => `arn:aws:s3:::${stack.state}/${key}`;
    assert.equal(effect("s3:GetObject", inState("live.json")), "allow");
    const execution = `${stack.machineArn("deploy").replace(":stateMachine:", ":execution:")}:x`;
    const others = [
      ...["live.json", "turn/lock.json", "releases/000001.json", "requests/rollback/x.json"].map(
        (key) => ["s3:PutObject", inState(key)] as const,
      ),
      ...["keys/01.pem", "archives/x.tar", "certificates/current.json", "requests/rollback/x.json"].map(
        (key) => ["s3:GetObject", inState(key)] as const,
      ),
      ["s3:DeleteObject", inState("live.json")],
      ["s3:GetObject", `arn:aws:s3:::${stack.content}/index.html`],
      ["s3:DeleteBucket", `arn:aws:s3:::${stack.content}`],
      ["states:StartExecution", stack.machineArn("certificate")],
      ["states:StopExecution", execution],
      ["cloudformation:DescribeStacks", "arn:aws:cloudformation:us-east-1:000000000000:stack/other/1"],
    ] as const;
    for (const [action, resource] of others) assert.equal(effect(action, resource), "implicit deny", action);
  });
});

function trustOf(role: { Properties: Readonly<Record<string, unknown>> } | undefined) {
  assert.ok(role !== undefined, "the template has the role");
  const { Statement } = role.Properties.AssumeRolePolicyDocument as {
    Statement: { Principal: unknown; Condition: Record<string, unknown> }[];
  };
  const [only, ...others] = Statement;
  assert.ok(only !== undefined && others.length === 0);
  return only;
}
