import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "aws-lambda";
import { handlerChain } from "../../lib/step.ts";

test("a handler is not answered for before it has ended, however little time is left", async () => {
  const handler = handlerChain<unknown, string>().handler(async () => {
    await pause(50);
    return "ended";
  });
  const context = { getRemainingTimeInMillis: () => 10 } as Context;
  assert.equal(await handler({}, context), "ended");
});
