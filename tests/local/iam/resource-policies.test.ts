import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Directory } from "../../../local/iam/directory.ts";
import { Judge } from "../../../local/iam/judge.ts";
import { evaluateFor, type Principal } from "../../../local/iam/resource-policies.ts";

const account = "000000000000";
const role = { arn: `arn:aws:iam::${account}:role/r` };
const service = { service: "events.amazonaws.com" };
const question = { action: "sqs:SendMessage", resource: "arn:aws:sqs:us-east-1:000000000000:q", context: {} };

function effect(named: unknown, principal: Principal, Effect = "Allow"): string {
  const Statement = { Effect, Principal: named, Action: "sqs:*" };
  return evaluateFor(principal, [{ Statement }], question).effect;
}

describe("policies on resources", () => {
  it("are for the principals that they name", () => {
    assert.equal(effect({ Service: "events.amazonaws.com" }, service), "allow");
    assert.equal(effect({ Service: ["sns.amazonaws.com"] }, service), "implicit deny");
    assert.equal(effect({ Service: "events.amazonaws.com" }, role), "implicit deny");
    assert.equal(effect({ AWS: role.arn }, role), "allow");
    assert.equal(effect({ AWS: `${role.arn}s` }, role), "implicit deny");
    assert.equal(effect({ AWS: "*" }, role), "allow");
    assert.equal(effect({ AWS: "*" }, service), "implicit deny");
    for (const principal of [service, role, "anybody"] as const)
      assert.equal(effect("*", principal), "allow");
  });

  it("leave it to each one's own policies when they allow the account, and deny everyone in it", () => {
    const named = { AWS: `arn:aws:iam::${account}:root` };
    assert.equal(effect(named, role), "implicit deny");
    assert.equal(effect(named, role, "Deny"), "explicit deny");
  });

  it("are not guessed at", () => {
    const name = "PolicyNotUnderstood";
    assert.throws(() => effect({ Federated: "x" }, role), { name });
    assert.throws(() => effect(undefined, role), { name });
  });
});

describe("the judge", () => {
  const bucket = "arn:aws:s3:::b";
  const get = { action: "s3:GetObject", resource: `${bucket}/key`, context: {} };
  function judgeWith(own: unknown[], onBucket: unknown[]): Judge {
    const directory = new Directory("us-east-1");
    directory.addRole("r").policies.set("own", { Statement: own });
    const judge = new Judge(directory, "us-east-1");
    if (onBucket.length > 0) judge.lay(bucket, { Statement: onBucket });
    return judge;
  }
  const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: `${bucket}/*` };
  const deny = { ...allow, Effect: "Deny" };

  it("needs one policy that allows, the role's own or the resource's, and none that denies", () => {
    const of = (own: unknown[], onBucket: unknown[]) => judgeWith(own, onBucket).judge(role.arn, get);
    assert.deepEqual(of([], []), { effect: "implicit deny", by: "identity" });
    assert.deepEqual(of([allow], []), { effect: "allow", by: "identity" });
    assert.deepEqual(of([], [{ ...allow, Principal: "*" }]), { effect: "allow", by: "resource" });
    assert.deepEqual(of([allow], [{ ...deny, Principal: "*" }]), { effect: "explicit deny", by: "resource" });
    assert.deepEqual(of([deny], [{ ...allow, Principal: "*" }]), { effect: "explicit deny", by: "identity" });
  });

  it("lets the person do all that no resource denies", () => {
    const { personArn } = new Directory("us-east-1");
    assert.equal(judgeWith([], []).judge(personArn, get).effect, "allow");
    const denied = judgeWith([], [{ ...deny, Principal: "*" }]).judge(personArn, get);
    assert.deepEqual(denied, { effect: "explicit deny", by: "resource" });
  });

  it("takes the endpoint for AWS's, which is reached by TLS", () => {
    const onlyTls = { ...deny, Principal: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } };
    assert.equal(judgeWith([allow], [onlyTls]).judge(role.arn, get).effect, "allow");
    const plain = { ...get, context: { "aws:SecureTransport": ["false"] } };
    assert.equal(judgeWith([allow], [onlyTls]).judge(role.arn, plain).effect, "explicit deny");
  });

  it("lets a service act for the thing that a policy names, and for no other", () => {
    const judge = judgeWith([], []);
    const queue = question.resource;
    const rule = "arn:aws:events:us-east-1:000000000000:rule/mine";
    const Condition = { ArnEquals: { "aws:SourceArn": rule } };
    const Principal = { Service: service.service };
    judge.lay(queue, { Statement: { Effect: "Allow", Principal, Action: "sqs:SendMessage", Condition } });
    assert.equal(judge.serviceMay(service.service, "sqs:SendMessage", queue, rule), true);
    assert.equal(judge.serviceMay(service.service, "sqs:SendMessage", queue, `${rule}s`), false);
    assert.equal(judge.serviceMay("sns.amazonaws.com", "sqs:SendMessage", queue, rule), false);
    assert.equal(judge.serviceMay(service.service, "sqs:ReceiveMessage", queue, rule), false);
  });
});

describe("a role", () => {
  const directory = new Directory("us-east-1");
  const made = directory.addRole("imports");
  const Principal = { Service: "vmie.amazonaws.com" };
  const Condition = { StringEquals: { "sts:Externalid": "vmimport" } };
  made.trust = { Statement: { Effect: "Allow", Principal, Action: "sts:AssumeRole", Condition } };

  it("is assumed by the service that it trusts, as its conditions say", () => {
    const as = (service: string, externalId?: string) =>
      directory.assume("imports", { service, ...(externalId !== undefined && { externalId }) });
    assert.equal(as("vmie.amazonaws.com", "vmimport"), made.key);
    assert.equal(as("vmie.amazonaws.com", "other"), undefined);
    assert.equal(as("vmie.amazonaws.com"), undefined);
    assert.equal(as("lambda.amazonaws.com", "vmimport"), undefined);
    assert.equal(directory.assume("nobody", { service: "vmie.amazonaws.com" }), undefined);
  });

  it("is assumed by nobody before it trusts somebody", () => {
    directory.addRole("new");
    assert.equal(directory.assume("new", { service: "lambda.amazonaws.com" }), undefined);
  });
});
