import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CommandFailed } from "../../../cli/failure.ts";
import { seeThrough } from "../../../cli/watch/outage.ts";

const refused = () =>
  Object.assign(new Error("connect ECONNREFUSED 192.0.2.1:443"), { code: "ECONNREFUSED" });

describe("while AWS does not answer", () => {
  const signal = AbortSignal.timeout(60_000);

  it("asks again, and says once that it does and once that it need not any more", async () => {
    const told: (string | undefined)[] = [];
    const answers = [refused, () => Object.assign(new Error("busy"), { $metadata: { httpStatusCode: 503 } })];
    const look = async () => {
      const fault = answers.shift()?.();
      if (fault !== undefined) throw fault;
      return "seen";
    };
    assert.equal(await seeThrough(look, (why) => told.push(why), signal), "seen");
    assert.deepEqual(told, ["connect ECONNREFUSED 192.0.2.1:443", undefined]);
  });

  it("gives up in the end, saying what goes on and what to do", async () => {
    const look = () => Promise.reject(refused());
    await assert.rejects(
      seeThrough(look, () => {}, signal, 500),
      (error) =>
        error instanceof CommandFailed &&
        /ECONNREFUSED.*goes on without us: see `mirage-pages status`/.test(error.message),
    );
  });

  it("takes a refusal for what it is: an answer", async () => {
    const denied = Object.assign(new Error("no"), {
      name: "AccessDenied",
      $metadata: { httpStatusCode: 403 },
    });
    let looks = 0;
    const look = () => {
      looks += 1;
      return Promise.reject(denied);
    };
    await assert.rejects(
      seeThrough(look, () => assert.fail("it answered"), signal),
      denied,
    );
    assert.equal(looks, 1);
  });
});
