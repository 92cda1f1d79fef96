import assert from "node:assert/strict";
import { test } from "node:test";
import { contracts } from "../../lib/contracts.ts";
import { reasonSchema } from "../../lib/releases/records.ts";
import { archive, boot, certificate, digest } from "./releases/records.fixtures.ts";

const image = { imageId: "ami-1", snapshotId: "snap-1" };
const request = { kind: "content", key: "requests/content.json", etag: '"1"' };

test("what one state gives out, the next one takes, field by field", () => {
  const plan = contracts.plan.output.parse({
    action: "deploy",
    message: "Release 1",
    release: 1,
    pack: true,
    listing: digest("e"),
    certificate,
  });
  const built = contracts["poll-build"].output.parse({
    done: true,
    build: digest("b"),
    buildId: "id",
    boot: boot(),
  });
  const execution = "arn";
  const { release, listing } = plan;
  const packing = { execution, release, listing, boot: built.boot, certificate: plan.certificate };
  assert.ok(contracts["pack-site"].input.safeParse(packing).success);
  const packed = contracts["pack-site"].output.parse({ archive: archive(), unchanged: false });
  const importing = {
    execution,
    release,
    archive: packed.archive,
    boot: built.boot,
    certificate: plan.certificate,
  };
  assert.ok(contracts["start-import"].input.safeParse(importing).success);
  const committing = { ...importing, listing, image, instanceId: "i-1" };
  assert.ok(contracts.commit.input.safeParse(committing).success);
});

test("inputs without a digest, with a release of 0 or another kind of request are refused", () => {
  const { settle, plan } = contracts;
  const settling = { execution: "arn", request, previous: { listing: null, rounds: 0 } };
  assert.ok(settle.input.safeParse(settling).success);
  const refused = [
    { ...settling, execution: "" },
    { ...settling, request: { ...request, kind: "deploy" } },
    { ...settling, previous: { listing: "not a digest", rounds: 0 } },
    { ...settling, previous: { listing: null, rounds: -1 } },
  ];
  for (const input of refused) assert.ok(!settle.input.safeParse(input).success, JSON.stringify(input));
  assert.ok(!plan.input.safeParse({ execution: "arn", request, listing: digest("E") }).success);
  const launch = contracts["launch-instance"].input;
  assert.ok(launch.safeParse({ execution: "arn", release: 1, attempt: 1, image }).success);
  for (const release of [0, -1, 1.5, "1"])
    assert.ok(!launch.safeParse({ execution: "arn", release, attempt: 1, image }).success);
});

test("every kind of request can be settled and planned", () => {
  for (const kind of reasonSchema.options) {
    assert.ok(
      contracts.plan.input.safeParse({ execution: "arn", request: { ...request, kind }, listing: null })
        .success,
    );
  }
});

test("members that no contract knows do not get through", () => {
  const parsed = contracts.notify.input.parse({
    execution: "arn",
    outcome: "live",
    release: 1,
    message: "m",
    stray: 1,
  });
  assert.ok(!("stray" in parsed));
});
