import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesPattern, UnknownPatternOperator } from "../../../local/events/pattern.ts";

const event = {
  source: "aws.s3",
  "detail-type": "Object Created",
  resources: ["arn:aws:s3:::content"],
  detail: { bucket: { name: "content" }, object: { key: "img/a.PNG", size: 10 }, tags: null },
};

const cases: readonly [Record<string, unknown>, boolean][] = [
  [{ source: ["aws.s3"] }, true],
  [{ source: ["aws.ec2", "aws.s3"], "detail-type": ["Object Created"] }, true],
  [{ source: ["aws.ec2"] }, false],
  [{ detail: { bucket: { name: ["content"] } } }, true],
  [{ detail: { bucket: { name: ["other"] } } }, false],
  [{ detail: { missing: { name: ["x"] } } }, false],
  [{ resources: [{ suffix: ":content" }] }, true],
  [{ detail: { object: { key: [{ prefix: "img/" }] } } }, true],
  [{ detail: { object: { key: [{ suffix: ".png" }] } } }, false],
  [{ detail: { object: { key: [{ suffix: { "equals-ignore-case": ".png" } }] } } }, true],
  [{ detail: { object: { key: [{ wildcard: "img/*.PNG" }] } } }, true],
  [{ detail: { object: { key: [{ "anything-but": { prefix: "img/" } }] } } }, false],
  [{ detail: { object: { key: [{ "anything-but": ["x", "y"] }] } } }, true],
  [{ detail: { object: { size: [{ numeric: [">", 5, "<=", 10] }] } } }, true],
  [{ detail: { object: { size: [{ numeric: [">", 10] }] } } }, false],
  [{ detail: { object: { etag: [{ exists: false }] } } }, true],
  [{ detail: { object: { key: [{ exists: true }] } } }, true],
  [{ detail: { object: { etag: [{ exists: true }] } } }, false],
  [{ detail: { tags: [null] } }, true],
  [{ $or: [{ source: ["aws.ec2"] }, { source: ["aws.s3"] }] }, true],
];

test("patterns match as EventBridge's do", () => {
  for (const [pattern, expected] of cases) {
    assert.equal(matchesPattern(pattern, event), expected, JSON.stringify(pattern));
  }
});

test("an unknown operator is refused", () => {
  assert.throws(() => matchesPattern({ source: [{ cidr: "10.0.0.0/8" }] }, event), UnknownPatternOperator);
});
