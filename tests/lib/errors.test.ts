import assert from "node:assert/strict";
import { test } from "node:test";
import { causeText, isTransient, NothingToDeploy, TurnBusy } from "../../lib/errors.ts";

const sdkError = (name: string, status?: number) =>
  Object.assign(new Error("told by AWS"), { name, $metadata: { httpStatusCode: status } });

for (const error of [
  sdkError("ThrottlingException", 400),
  sdkError("RequestLimitExceeded", 503),
  sdkError("RequestThrottledException", 400),
  sdkError("SlowDown", 503),
  sdkError("Anything", 500),
  sdkError("Anything", 429),
  Object.assign(new Error("read"), { code: "ECONNRESET" }),
]) {
  test(`${causeText(error)} (${"code" in error ? error.code : error.$metadata.httpStatusCode}) may pass`, () => {
    assert.equal(isTransient(error), true);
  });
}

for (const error of [
  sdkError("AccessDenied", 403),
  sdkError("NotImplemented", 501),
  sdkError("ValidationException", 400),
  new NothingToDeploy("no"),
  new TurnBusy("no"),
  "text",
  undefined,
]) {
  test(`${causeText(error)} stays as it is`, () => assert.equal(isTransient(error), false));
}
