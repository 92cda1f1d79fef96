import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf } from "../../lib/failure.ts";

test("of a Lambda's error the message is told, without the trace", () => {
  const cause = JSON.stringify({ errorType: "NoIndex", errorMessage: "no index.html", trace: ["at x"] });
  assert.equal(messageOf(cause), "no index.html");
});

for (const cause of ["plain text", '{"reason":"other JSON"}', "[1]", "null", "", '{"errorMessage":1}']) {
  test(`${JSON.stringify(cause)} is told as it is`, () => assert.equal(messageOf(cause), cause));
}
