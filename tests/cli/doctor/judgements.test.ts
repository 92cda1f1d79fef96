import assert from "node:assert/strict";
import type { CaaRecord } from "node:dns";
import { describe, it } from "node:test";
import { judgeAddress, judgeAuthorities } from "../../../cli/doctor/dns.ts";
import { reasons } from "../../../cli/doctor/instance-type.ts";
import { judge as judgeQuota } from "../../../cli/doctor/quotas.ts";
import { judge as judgeStack } from "../../../cli/doctor/stack.ts";
import { mismatch } from "../../../cli/doctor/zone.ts";

describe("a stack's status", () => {
  const stack = "mirage-pages-prod";

  it("is in order when CloudFormation ended well", () => {
    for (const status of ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"])
      assert.equal(judgeStack(stack, status).status, "ok", status);
  });

  it("is a problem after a failed creation: such a stack is removed first", () => {
    for (const status of ["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"]) {
      const { status: judged, text, todo = "" } = judgeStack(stack, status, "Resource creation cancelled");
      assert.equal(judged, "problem", status);
      assert.ok(text.includes(`${status}: Resource creation cancelled`), text);
      assert.match(
        todo,
        /describe-stack-events.* delete-stack --stack-name mirage-pages-prod.*then deploy again/,
      );
    }
  });

  it("says how to go on after an update or a removal that stuck", () => {
    assert.match(judgeStack(stack, "UPDATE_ROLLBACK_FAILED").todo ?? "", /continue-update-rollback/);
    assert.equal(judgeStack(stack, "UPDATE_ROLLBACK_COMPLETE").status, "warning");
    assert.match(judgeStack(stack, "DELETE_FAILED").todo ?? "", /docs\/aws\.md/);
  });

  it("is waited for while CloudFormation works", () => {
    for (const status of ["CREATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"])
      assert.match(judgeStack(stack, status).todo ?? "", /^Wait until/, status);
  });
});

describe("a quota", () => {
  const builds = { what: "builds", service: "codebuild", code: "L-2DC20C30", region: "us-east-1" };

  it("is enough as long as what is used and what comes fit in", () => {
    assert.equal(judgeQuota({ ...builds, limit: 5, inUse: 4, more: 1 }).status, "ok");
    assert.equal(judgeQuota({ ...builds, limit: 5, inUse: 5, more: 1 }).status, "problem");
    assert.equal(judgeQuota({ ...builds, limit: 1, inUse: undefined, more: 1 }).status, "ok");
  });

  it("of none at all, as new accounts have for builds, is asked to be raised", () => {
    const { status, text, todo } = judgeQuota({ ...builds, limit: 0, inUse: undefined, more: 1 });
    assert.equal(status, "problem");
    assert.equal(text, "Too few builds in us-east-1: 0, and the stack takes 1.");
    assert.match(
      todo ?? "",
      /--service-code codebuild --quota-code L-2DC20C30 --desired-value 1 --region us-east-1$/,
    );
  });
});

describe("CAA records", () => {
  const judge = (name: string, method: "http-01" | "dns-01", ...records: Partial<CaaRecord>[]) =>
    judgeAuthorities(
      name,
      { at: "example.org", records: records.map((one) => ({ critical: 0, ...one })) as CaaRecord[] },
      method,
    );

  it("without any issuer forbid nothing", () => {
    assert.deepEqual(judge("example.org", "http-01", { iodef: "mailto:a@example.org" }), []);
  });

  it("forbid when Let's Encrypt is not among the issuers, or nobody may", () => {
    assert.equal(judge("example.org", "http-01", { issue: "ca.example" }).length, 1);
    assert.equal(judge("example.org", "http-01", { issue: ";" }).length, 1);
    assert.equal(judge("example.org", "http-01", { issue: "letsencrypt.org.example" }).length, 1);
  });

  it("may name the methods of validation", () => {
    const issue = "letsencrypt.org; validationmethods=dns-01,tls-alpn-01";
    assert.equal(judge("example.org", "http-01", { issue }).length, 1);
    assert.deepEqual(judge("example.org", "dns-01", { issue }), []);
  });

  it("may speak of wildcards apart", () => {
    const records = [{ issue: "letsencrypt.org" }, { issuewild: "ca.example" }];
    assert.deepEqual(judge("example.org", "dns-01", ...records), []);
    assert.match(
      judge("*.example.org", "dns-01", ...records)[0]?.todo ?? "",
      /0 issuewild "letsencrypt\.org"/,
    );
  });
});

describe("the rest", () => {
  it("before the first deploy no record can be wrong", () => {
    assert.equal(judgeAddress("example.org", ["192.0.2.1"], undefined, false).status, "ok");
    assert.match(
      judgeAddress("example.org", [], undefined, false).text,
      /after the first deploy give it an A record/,
    );
    assert.match(judgeAddress("example.org", [], undefined, true).text, /the stack makes its A record/);
  });

  it("an instance type that EC2 tells nothing about fits nothing", () => {
    assert.equal(reasons({ InstanceType: "t3.nano" }).length, 5);
  });

  it("a hosted zone of another name, or a private one, holds no name of the site", () => {
    const zone = (Name: string, PrivateZone = false) => ({
      HostedZone: { Id: "Z1", Name, CallerReference: "", Config: { PrivateZone } },
    });
    assert.equal(
      mismatch("Z1", zone("example.org."), ["example.org", "www.example.org", "*.example.org"]),
      undefined,
    );
    const other = mismatch("Z1", zone("ample.org."), ["example.org"]);
    assert.match(
      other?.text ?? "",
      /^The parameter hostedZone: Z1 is the zone of ample\.org, which cannot hold example\.org\./,
    );
    assert.match(
      mismatch("Z1", zone("example.org.", true), ["example.org"])?.text ?? "",
      /is a private zone/,
    );
  });
});
